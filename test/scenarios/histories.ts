import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistory, type Step } from './history.ts';
import { ENOUGH_FOR_ALL, HISTORY_RUNS, RUN_TIMEOUT, type Runs } from './history-runs.ts';
import { memoizedRenderer } from './memoized-renderer.ts';
import { PATIENT } from './queue-steps.ts';
import { createWorld, type OpenAdapters } from './world.ts';

const who = fc.nat({ max: 1 });
const pick = fc.integer({ min: -3, max: 20 });
/** Processing makes about 15 calls to the outside. */
const call = fc.nat({ max: 18 });
const colour = fc.constantFrom('red' as const, 'green' as const, 'blue' as const, 'yellow' as const);
const image = fc.record({
  colour,
  as: fc.constantFrom(
    'png' as const,
    'png' as const,
    'jpeg' as const,
    'form' as const,
    'form' as const,
    'broken' as const,
  ),
});

const TICKET = fc.record({ does: fc.constant('ticket' as const), who, image });
const PUT = fc.record({ does: fc.constant('put' as const), pick });
const RESEND = fc.record({ does: fc.constant('resend' as const), pick, colour });
const DELIVER = fc.record({ does: fc.constant('deliver' as const), pick, again: fc.boolean() });
const LOSE = fc.record({ does: fc.constant('lose' as const), pick });
const CROP = fc.record({ does: fc.constant('crop' as const), who });
const DELETE = fc.record({ does: fc.constant('delete' as const), who });
const ABORT = fc.record({ does: fc.constant('abort' as const), pick });
const CRASH = fc.record({ does: fc.constant('crash' as const), pick, call });
/** Around the length of a lease, of the time between two passes, of a ticket and of a grace period. */
const SWEEP = fc.record({ does: fc.constant('sweep' as const), minutes: fc.constantFrom(0, 1, 3, 16, 70, 25 * 60) });
const JUMP = fc.record({ does: fc.constant('jump' as const), seconds: fc.constantFrom(-30, 1, 30, 121, 400) });

const MEANWHILE: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: DELIVER },
  { weight: 2, arbitrary: JUMP },
  { weight: 2, arbitrary: SWEEP.filter(({ minutes }) => minutes <= 3) },
  ...[TICKET, PUT, RESEND, CROP, DELETE, ABORT].map((arbitrary: fc.Arbitrary<Step>) => ({ weight: 1, arbitrary })),
);
/** A sweep takes seconds. */
const IN_SECONDS: fc.Arbitrary<Step> = fc.oneof(DELIVER, PUT, RESEND, CROP, DELETE, ABORT, TICKET);
const PAUSED_SWEEP = fc.record({
  does: fc.constant('pauseSweep' as const),
  call,
  meanwhile: fc.array(IN_SECONDS, { minLength: 1, maxLength: 2 }),
});
const diesAfter = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined });
const PAUSE = fc.record({
  does: fc.constant('pause' as const),
  pick,
  call,
  meanwhile: fc.array(MEANWHILE, { minLength: 1, maxLength: 4 }),
  diesAfter,
});

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: TICKET },
  { weight: 6, arbitrary: PUT },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('early' as const), pick, isFaulty: fc.boolean() }) },
  { weight: 2, arbitrary: RESEND },
  { weight: 7, arbitrary: DELIVER },
  { weight: 1, arbitrary: LOSE },
  { weight: 3, arbitrary: CROP },
  { weight: 1, arbitrary: DELETE },
  { weight: 1, arbitrary: ABORT },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pry' as const), who, pick }) },
  { weight: 2, arbitrary: CRASH },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('fault' as const), pick, call, isMade: fc.boolean() }) },
  { weight: 5, arbitrary: PAUSE },
  { weight: 1, arbitrary: PAUSED_SWEEP },
  { weight: 1, arbitrary: fc.constant({ does: 'restart' as const }) },
  { weight: 2, arbitrary: SWEEP },
  { weight: 1, arbitrary: JUMP },
);

/** Two attempts at another crop of a published image; an older ticket is published between them. */
const RECROPPED = fc.tuple(who, image, image, call).map(([person, first, second, at]): Step[] => [
  { does: 'ticket', who: person, image: first },
  { does: 'put', pick: -1 },
  { does: 'deliver', pick: -1, again: false },
  { does: 'ticket', who: person, image: second },
  { does: 'put', pick: -1 },
  { does: 'ticket', who: person, image: first },
  { does: 'abort', pick: -1 },
  { does: 'crop', who: person },
  { does: 'crash', pick: -1, call: at },
  { does: 'deliver', pick: -2, again: false },
]);

/** A form whose worker outlives its lease, while other bytes are sent with it and another worker takes over. */
const OUTLIVED = fc
  .tuple(who, colour, colour, call, diesAfter, fc.array(MEANWHILE, { maxLength: 2 }))
  .map(([person, first, second, at, last, more]): Step[] => [
    { does: 'ticket', who: person, image: { colour: first, as: 'form' } },
    { does: 'put', pick: -1 },
    {
      does: 'pause',
      pick: -1,
      call: at,
      meanwhile: [
        { does: 'resend', pick: -1, colour: second },
        { does: 'sweep', minutes: 3 },
        { does: 'deliver', pick: -1, again: false },
        ...more,
      ],
      diesAfter: last,
    },
  ]);

/** A worker that sleeps while another one publishes, and while that is deleted and its files are removed, once or twice. */
const DELETED = fc.tuple(who, image, call, diesAfter).map(([person, sent, at, last]): Step[] => [
  { does: 'ticket', who: person, image: sent },
  { does: 'put', pick: -1 },
  {
    does: 'pause',
    pick: -1,
    call: at,
    meanwhile: [
      { does: 'sweep', minutes: 3 },
      { does: 'deliver', pick: -1, again: false },
      { does: 'delete', who: person },
      { does: 'sweep', minutes: 1 },
      { does: 'sweep', minutes: last === undefined ? 16 : 0 },
    ],
    diesAfter: last,
  },
]);

/** A worker that sleeps past its lease while its owner aborts the upload, and that wakes up for a few calls more. */
const ABORTED = fc.tuple(who, image, call, diesAfter).map(([person, sent, at, last]): Step[] => [
  { does: 'ticket', who: person, image: sent },
  { does: 'put', pick: -1 },
  {
    does: 'pause',
    pick: -1,
    call: at,
    meanwhile: [
      { does: 'jump', seconds: 121 },
      { does: 'abort', pick: -1 },
      { does: 'sweep', minutes: 0 },
    ],
    diesAfter: last,
  },
]);

/** The second pass over what was deleted, while the files of the next image are being written. */
const PURGED = fc.tuple(who, image, image, call).map(([person, first, second, at]): Step[] => [
  { does: 'ticket', who: person, image: first },
  { does: 'put', pick: -1 },
  { does: 'deliver', pick: -1, again: false },
  { does: 'delete', who: person },
  { does: 'sweep', minutes: 0 },
  { does: 'ticket', who: person, image: second },
  { does: 'put', pick: -1 },
  { does: 'pause', pick: -1, call: at, meanwhile: [{ does: 'sweep', minutes: 16 }] },
]);

const HISTORY = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: STEP.map((step) => [step]) },
      ...[RECROPPED, OUTLIVED, DELETED, ABORTED, PURGED].map((arbitrary) => ({ weight: 1, arbitrary })),
    ),
    { minLength: 8, maxLength: 30, size: 'max' },
  )
  .map((steps) => steps.flat());

/**
 * Random histories of avatars through the handlers, each compared with a model of one rule: the latest upload wins,
 * unless a delete came after it. A client of another organization never sees or changes anything. On failure fast-check prints the
 * seed and the shortest history it found.
 */
export function describeHistories(name: string, openAdapters: OpenAdapters, runs: Runs = HISTORY_RUNS): void {
  describe(name, () => {
    it(
      'shows the image of the latest upload, or none after a delete, and stores and charges nothing else',
      async () => {
        const happened = new Set<string>();
        const lives = fc.asyncProperty(HISTORY, async (steps) => {
          const world = await createWorld(openAdapters, { settings: PATIENT, renderer: memoizedRenderer });
          try {
            const history = await createHistory(world);
            for (const step of steps) await history.take(step);
            await history.end((what) => void happened.add(what));
          } finally {
            await world.close();
          }
        });
        await fc.assert(lives, runs);
        // Otherwise the histories would prove nothing about these.
        if (runs.numRuns < ENOUGH_FOR_ALL) return;
        const ends = ['ready', 'superseded', 'rejected', 'expired', 'aborted'].map((status) => `avatar ${status}`);
        expect([...happened]).toEqual(expect.arrayContaining([...ends, 'render ready', 'render superseded']));
      },
      RUN_TIMEOUT,
    );
  });
}
