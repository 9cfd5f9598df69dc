import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENOUGH_FOR_ALL, HISTORY_RUNS, RUN_TIMEOUT, type Runs } from './history-runs.ts';
import { memoizedRenderer } from './memoized-renderer.ts';
import { createMixedHistory, type Step, THRESHOLD } from './mixed-history.ts';
import { PATIENT } from './queue-steps.ts';
import { createWorld, type OpenAdapters } from './world.ts';

const who = fc.nat({ max: 1 });
const pick = fc.integer({ min: -3, max: 20 });
/** Processing makes about 20 calls to the outside. */
const call = fc.nat({ max: 20 });
/** The calls from the first look at the bytes to the last write. */
const nearWrites = fc.integer({ min: 3, max: 9 });
const diesAfter = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
/** Around the length of a lease, of a ticket, of a multipart upload and of a draft. */
const minutes = fc.constantFrom(0, 1, 3, 16, 70, 23 * 60, 26 * 60);

const ATTACH = fc.record({
  does: fc.constant('attach' as const),
  who,
  file: fc.constantFrom(
    ...(['letter', 'letter', 'form', 'picture', 'picture', 'virus', 'parts', 'parts', 'half'] as const),
  ),
  draft: fc.boolean(),
});
const DELIVER = fc.record({ does: fc.constant('deliver' as const), pick, again: fc.boolean() });
const SWEEP = fc.record({ does: fc.constant('sweep' as const), minutes });
const JUMP = fc.record({ does: fc.constant('jump' as const), seconds: fc.constantFrom(-30, 1, 30, 121, 400) });
const PUT = fc.record({ does: fc.constant('put' as const), pick });
const RESEND = fc.record({ does: fc.constant('resend' as const), pick });
const CLAIM = fc.record({ does: fc.constant('claim' as const), pick });
const DELETE = fc.record({ does: fc.constant('delete' as const), pick });
const ABORT = fc.record({ does: fc.constant('abort' as const), pick });
const SHOW = fc.record({
  does: fc.constant('show' as const),
  pick,
  visibility: fc.constantFrom('public' as const, 'organization' as const, 'private' as const),
});

const MEANWHILE: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: DELIVER },
  { weight: 2, arbitrary: JUMP },
  ...[SWEEP, PUT, RESEND, CLAIM, SHOW, DELETE, ABORT].map((arbitrary: fc.Arbitrary<Step>) => ({
    weight: 1,
    arbitrary,
  })),
);

/** A sweep takes seconds. */
const IN_SECONDS: fc.Arbitrary<Step> = fc.oneof(DELIVER, PUT, RESEND, CLAIM, SHOW, DELETE, ABORT);
const PAUSED_SWEEP = fc.record({
  does: fc.constant('pauseSweep' as const),
  call,
  meanwhile: fc.array(IN_SECONDS, { minLength: 1, maxLength: 2 }),
});

const PAUSE = fc.record({
  does: fc.constant('pause' as const),
  pick,
  call,
  meanwhile: fc.array(MEANWHILE, { minLength: 1, maxLength: 3 }),
  diesAfter,
});

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: ATTACH },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('portray' as const),
      who,
      colour: fc.constantFrom('green' as const, 'blue' as const),
    }),
  },
  { weight: 7, arbitrary: PUT },
  { weight: 1, arbitrary: RESEND },
  { weight: 7, arbitrary: DELIVER },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose' as const), pick }) },
  { weight: 2, arbitrary: CLAIM },
  { weight: 1, arbitrary: SHOW },
  { weight: 2, arbitrary: DELETE },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('deleteTwo' as const), pick }) },
  { weight: 1, arbitrary: ABORT },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('deletePortrait' as const), who }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('crash' as const), pick, call }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('fault' as const), pick, call, isMade: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ does: 'restart' as const }) },
  { weight: 2, arbitrary: SWEEP },
  { weight: 1, arbitrary: JUMP },
  { weight: 4, arbitrary: PAUSE },
  { weight: 1, arbitrary: PAUSED_SWEEP },
);

/** A worker that sleeps until its lease has lapsed, another one has published, and the attachment is deleted. */
const OUTLIVED = fc
  .tuple(who, fc.constantFrom('letter' as const, 'picture' as const, 'parts' as const), nearWrites, diesAfter)
  .map(([person, file, at, last]): Step[] => [
    { does: 'attach', who: person, file, draft: false },
    { does: 'put', pick: -1 },
    {
      does: 'pause',
      pick: -1,
      call: at,
      meanwhile: [
        { does: 'sweep', minutes: 3 },
        { does: 'deliver', pick: -1, again: false },
        { does: 'delete', pick: -1 },
        { does: 'deliver', pick: -1, again: false },
        { does: 'sweep', minutes: 1 },
      ],
      diesAfter: last,
    },
  ]);

/** A draft whose day is over, while it is claimed, shown to others or deleted. */
const ENDING = fc.tuple(who, call, fc.oneof(CLAIM, SHOW, DELETE)).map(([person, at, step]): Step[] => [
  { does: 'attach', who: person, file: 'letter', draft: true },
  { does: 'put', pick: -1 },
  { does: 'deliver', pick: -1, again: false },
  { does: 'sweep', minutes: 0 },
  { does: 'jump', seconds: 25 * 3600 },
  { does: 'pauseSweep', call: at, meanwhile: [{ ...step, pick: -1 }] },
]);

const HISTORY = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: STEP.map((step) => [step]) },
      { weight: 2, arbitrary: OUTLIVED },
      { weight: 1, arbitrary: ENDING },
    ),
    { minLength: 10, maxLength: 35, size: 'max' },
  )
  .map((steps) => steps.flat());

/**
 * Random histories of avatars and attachments side by side through the handlers, each compared with what its clients
 * were told. On failure fast-check prints the seed and the shortest history it found.
 */
export function describeMixedHistories(name: string, openAdapters: OpenAdapters, runs: Runs = HISTORY_RUNS): void {
  describe(name, () => {
    it(
      'stores, lists and charges what was sent and not deleted, and nothing else',
      async () => {
        const happened = new Set<string>();
        const lives = fc.asyncProperty(HISTORY, async (steps) => {
          const world = await createWorld(openAdapters, {
            settings: { ...PATIENT, attachments: ATTACHMENTS },
            renderer: memoizedRenderer,
          });
          try {
            const history = createMixedHistory(world);
            for (const step of steps) await history.take(step);
            await history.end((what) => void happened.add(what));
          } finally {
            await world.close();
          }
        });
        await fc.assert(lives, runs);
        // Otherwise the histories would prove nothing about these.
        if (runs.numRuns < ENOUGH_FOR_ALL) return;
        expect([...happened]).toEqual(
          expect.arrayContaining([
            ...['ready', 'rejected', 'expired', 'aborted'].map((status) => `attachment ${status}`),
            ...['avatar ready', 'avatar superseded', 'deleted', 'claimed', 'draft expired'],
            ...['kept public', 'kept organization', 'kept private'],
          ]),
        );
      },
      RUN_TIMEOUT,
    );
  });
}

const MIB = 1024 ** 2;
const ATTACHMENTS = { maxBytes: MIB, types: ['*'], multipartThreshold: THRESHOLD, stripMaxBytes: MIB };
