import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSame } from '../../memory/frozen-copy.ts';
import { ACTIONS, type Action, callOf, run } from './calls.ts';
import { type Life, newLife } from './life.ts';
import { decideNow, isLate, isSameContent, type Pending } from './pending.ts';
import { randomHistories, SEED, type Step } from './random-steps.ts';

/** Steps during which a decision may still be committed. */
const LATEST = 10;

/** The transitions that accept a record that the caller read before. */
const WITH_SEEN: readonly Action[] = [
  'markSent',
  'beginUpload',
  'deferUpload',
  'publishAvatar',
  'publishAttachment',
  'rejectUpload',
  'supersedeUpload',
  'supersedePending',
  'expireUpload',
  'abortUpload',
  'finishCleanUp',
];

it('commits a decision on records that changed since only if the same would be decided now', async () => {
  const wrong = new Set<string>();
  let compared = 0;
  await inAnyHistory(20, () => {
    const pending: Pending[][] = [];
    return async (life, step) => {
      for (const late of pending.flat().filter((each) => isLate(life.store, each))) {
        const [then, now] = [life.store.copy(), life.store.copy()];
        await then.commit(late.writes);
        const isEqual = isSame(await run(now, late.call), late.outcome) && isSameContent(then, now);
        if (!isEqual) wrong.add(late.call.name);
        compared += 1;
      }
      // What others may be about to commit: one of each kind.
      const calls = ACTIONS.map((action) => callOf(life, { ...step, action, pass: 0 }));
      pending.unshift(calls.flatMap((call) => (call && decideNow(life.store, call)) ?? []));
      pending.splice(LATEST);
    };
  });
  expect([...wrong]).toEqual([]);
  // Otherwise it would prove nothing.
  expect(compared).toBeGreaterThan(10_000);
});

it('has the same outcome and effect with and without a record that the caller read before, however old', async () => {
  const wrong = new Set<string>();
  let compared = 0;
  await inAnyHistory(15, () => {
    const seenBefore = versionsOfUploads();
    return async (life, step) => {
      for (const action of WITH_SEEN) {
        const call = callOf(life, { ...step, action, pass: 0 });
        const input = call?.input as { readonly uploadId: string } | undefined;
        for (const seen of seenBefore(life, input?.uploadId)) {
          if (call === undefined) continue;
          const [without, withSeen] = [life.store.copy(), life.store.copy()];
          const outcome = await run(withSeen, { ...call, input: { ...input, seen } });
          const isEqual = isSame(await run(without, call), outcome) && isSameContent(without, withSeen);
          if (!isEqual) wrong.add(call.name);
          compared += 1;
        }
      }
    };
  });
  expect([...wrong]).toEqual([]);
  expect(compared).toBeGreaterThan(10_000);
});

/** Remembers every version of every upload. */
function versionsOfUploads() {
  const versions = new Map<string, Set<unknown>>();
  return (life: Life, uploadId = ''): Iterable<unknown> => {
    for (const upload of life.store.all('upload')) {
      const known = versions.get(upload.uploadId) ?? new Set();
      versions.set(upload.uploadId, known.add(upload));
    }
    return versions.get(uploadId) ?? [];
  };
}

/** Looks at random histories before each of their steps. */
async function inAnyHistory(
  numRuns: number,
  beginHistory: () => (life: Life, step: Step) => Promise<void>,
): Promise<void> {
  const histories = randomHistories({ minLength: 40, maxLength: 100 });
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const life = await newLife();
      const look = beginHistory();
      for (const step of steps) {
        await look(life, step);
        const call = callOf(life, step);
        if (call !== undefined) await run(life.store, call);
      }
    }),
    { numRuns, seed: SEED },
  );
}
