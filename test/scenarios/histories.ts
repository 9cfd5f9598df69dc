import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createHistory, type Step } from './history.ts';
import { createWorld, type OpenAdapters } from './world.ts';

const who = fc.nat({ max: 1 });
const pick = fc.nat({ max: 30 });
/** Processing makes about 30 calls to the outside. */
const call = fc.nat({ max: 30 });

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('ticket' as const),
      who,
      colour: fc.constantFrom('red' as const, 'green' as const, 'blue' as const, 'yellow' as const),
      type: fc.constantFrom('png' as const, 'jpeg' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ does: fc.constant('put' as const), pick }) },
  { weight: 6, arbitrary: fc.record({ does: fc.constant('deliver' as const), pick, again: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('overtake' as const), pick, other: pick, call }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('crop' as const), who }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('delete' as const), who }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('pry' as const), who, pick }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('crash' as const), pick, call }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('sweep' as const), minutes: fc.constantFrom(0, 1, 3, 16, 70) }),
  },
);

/**
 * Random histories on the real adapters, each held against a model with one rule: the latest upload wins, unless a
 * delete came after it. A stranger of another organization looks on and meddles, in vain. On failure fast-check prints the seed and the shortest history it found.
 */
export function describeHistories(name: string, openAdapters: OpenAdapters): void {
  describe(name, () => {
    it('ends every history with the picture of the latest upload, or none after a delete, and tells a stranger nothing', async () => {
      const lives = fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 30, size: 'max' }), async (steps) => {
        const world = await createWorld(openAdapters);
        try {
          const history = await createHistory(world);
          for (const step of steps) await history.take(step);
          await history.end();
        } finally {
          await world.close();
        }
      });
      await fc.assert(lives, { seed: 20_261_125, numRuns: 100 });
    }, 120_000);
  });
}
