import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMixedHistory, type Step, THRESHOLD } from './mixed-history.ts';
import { createWorld, type OpenAdapters } from './world.ts';

const who = fc.nat({ max: 1 });
const pick = fc.nat({ max: 30 });
/** Processing makes about 20 calls to the outside. */
const call = fc.nat({ max: 20 });
/** A lease, a ticket, a plan in parts or a draft, and each of them not quite. */
const minutes = fc.constantFrom(0, 1, 3, 16, 70, 23 * 60, 26 * 60);

const DELIVER = fc.record({ does: fc.constant('deliver' as const), pick, again: fc.boolean() });
const SWEEP = fc.record({ does: fc.constant('sweep' as const), minutes });
const PUT = fc.record({ does: fc.constant('put' as const), pick });
const CHANGE = fc.record({
  does: fc.constantFrom('claim' as const, 'hide' as const, 'delete' as const, 'abort' as const),
  pick,
});
const MEANWHILE: fc.Arbitrary<Step> = fc.oneof(DELIVER, SWEEP, PUT, CHANGE);

const PAUSE = fc.record({
  does: fc.constant('pause' as const),
  pick,
  call,
  meanwhile: fc.array(MEANWHILE, { minLength: 1, maxLength: 3 }),
});

/**
 * Before it writes, and so long that the lease lapses, another worker does the work, and what came of it may be deleted
 * and removed.
 */
const OUTLIVED = fc.tuple(pick, fc.integer({ min: 6, max: 9 }), pick, fc.array(DELIVER, { maxLength: 5 })).map(
  ([first, at, file, rest]): Step => ({
    does: 'pause',
    pick: first,
    call: at,
    meanwhile: [
      { does: 'sweep', minutes: 3 },
      { does: 'deliver', pick: first, again: false },
      { does: 'delete', pick: file },
      ...rest,
    ],
  }),
);

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('attach' as const),
      who,
      file: fc.constantFrom(
        'letter' as const,
        'picture' as const,
        'picture' as const,
        'virus' as const,
        'parts' as const,
      ),
      draft: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('portray' as const),
      who,
      colour: fc.constantFrom('green' as const, 'blue' as const),
    }),
  },
  { weight: 7, arbitrary: PUT },
  { weight: 8, arbitrary: DELIVER },
  { weight: 4, arbitrary: CHANGE },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('deletePortrait' as const), who }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('crash' as const), pick, call }) },
  { weight: 2, arbitrary: SWEEP },
  { weight: 4, arbitrary: PAUSE },
  { weight: 3, arbitrary: OUTLIVED },
);

/**
 * Random histories of avatars and attachments side by side on the real adapters, each held against what its clients
 * were told. On failure fast-check prints the seed and the shortest history it found.
 */
export function describeMixedHistories(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    it('ends every history with what was sent and not taken back, its objects, its room, and nothing besides', async () => {
      const happened = new Set<string>();
      const lives = fc.asyncProperty(fc.array(STEP, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const world = await createWorld(openAdapters, { settings: { attachments: ATTACHMENTS } });
        try {
          const history = createMixedHistory(world);
          for (const step of steps) await history.take(step);
          await history.end((what) => void happened.add(what));
        } finally {
          await world.close();
        }
      });
      await fc.assert(lives, { seed: 20_261_125, numRuns: 100 });
      // Otherwise the histories would prove nothing about these.
      expect([...happened]).toEqual(
        expect.arrayContaining([
          ...['ready', 'rejected', 'expired', 'aborted'].map((status) => `attachment ${status}`),
          ...['avatar ready', 'avatar superseded', 'deleted', 'claimed', 'draft expired'],
        ]),
      );
    }, 240_000);
  });
}

const MIB = 1024 ** 2;
const ATTACHMENTS = { maxBytes: MIB, types: ['*'], multipartThreshold: THRESHOLD, stripMaxBytes: MIB };
