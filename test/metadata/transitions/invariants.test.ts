import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Action, callOf, run, wordOf } from './calls.ts';
import { brokenInvariants } from './invariants.ts';
import { newLife } from './life.ts';
import { randomHistories, SEED, type Step } from './random-steps.ts';

/** Every outcome that the histories must come to, so that they prove something about each of them. */
const OUTCOMES: Readonly<Record<Action, string>> = {
  issueAvatar: 'issued replayed request_differs not_allowed organization_closed too_many_open quota_exceeded',
  issueRender: 'issued replayed nothing_to_render upload_in_progress',
  issueAttachment: 'issued replayed organization_closed too_many_open quota_exceeded',
  renewTicket: 'renewed finished unknown',
  markSent: 'marked unchanged',
  beginUpload: 'begun finished busy',
  deferUpload: 'deferred rejected not_held',
  redriveUpload: 'redriven rejected stale',
  lapseLease: 'lapsed unchanged',
  publishAvatar: 'published superseded lost_lease',
  publishAttachment: 'published superseded lost_lease',
  rejectUpload: 'rejected lost_lease',
  supersedeUpload: 'superseded lost_lease',
  supersedePending: 'superseded not_pending',
  expireUpload: 'expired not_due',
  abortUpload: 'aborted finished',
  finishCleanUp: 'finished second_due stale',
  markAvatarDeleted: 'deleted absent not_allowed',
  finishRemovals: 'finished stale',
  bindAgent: 'bound conflict',
  markAttachmentDeleted: 'deleted not_allowed',
  expireDraft: 'expired not_due',
  forgetAttachment: 'forgotten not_deleted',
  updateAttachment: 'updated absent not_allowed revision_differs metadata_kept',
  setLimits: 'record',
  setOrganizationState: 'set closed',
  eraseOrganization: 'set',
  closeOwner: 'closed',
  setUsage: 'unchanged stale',
  setSwitches: 'set',
  postponeWork: 'postponed',
};

it('keeps every invariant after each step of any history', async () => {
  const outcomes = new Set<string>();
  const histories = randomHistories({ minLength: 40, maxLength: 150 });
  await fc.assert(
    fc.asyncProperty(histories, (steps) => replay(steps, outcomes)),
    { numRuns: 300, seed: SEED },
  );
  const expected = Object.entries(OUTCOMES).flatMap(([action, words]) =>
    words.split(' ').map((word) => `${action}: ${word}`),
  );
  expect(expected.filter((outcome) => !outcomes.has(outcome))).toEqual([]);
});

async function replay(steps: readonly Step[], outcomes: Set<string>): Promise<void> {
  const life = await newLife();
  for (const step of steps) {
    const call = callOf(life, step);
    if (call === undefined) continue;
    const before = life.store.copy();
    outcomes.add(`${call.action}: ${wordOf(await run(life.store, call))}`);
    expect(brokenInvariants(before, life.store, life.now()), JSON.stringify(call)).toEqual([]);
  }
}
