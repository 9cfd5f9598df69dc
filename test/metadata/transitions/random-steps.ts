import fc from 'fast-check';
import type { TRANSITIONS } from '../../../shared/metadata/metadata-store.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type TransitionName = keyof typeof TRANSITIONS;

/** What happens next in a random history. Which records it meets depends on what there is then. */
const stepRecord = fc.record({
  action: fc.oneof(
    // Often enough for files to be published, replaced, deleted and removed.
    { weight: 20, arbitrary: fc.constant('advance') },
    { weight: 12, arbitrary: fc.constantFrom('issueAvatar', 'issueAvatar', 'issueRender', 'issueAttachment') },
    { weight: 4, arbitrary: fc.constantFrom('beginUpload', 'markSent', 'renewTicket') },
    { weight: 2, arbitrary: fc.constantFrom('publishAvatar', 'publishAttachment') },
    { weight: 3, arbitrary: fc.constantFrom('deferUpload', 'redriveUpload', 'lapseLease') },
    { weight: 2, arbitrary: fc.constantFrom('rejectUpload', 'supersedeUpload', 'supersedePending') },
    { weight: 2, arbitrary: fc.constantFrom('expireUpload', 'abortUpload') },
    { weight: 4, arbitrary: fc.constantFrom('finishCleanUp', 'postponeWork') },
    { weight: 5, arbitrary: fc.constantFrom('markAvatarDeleted', 'finishRemovals', 'finishRemovals', 'bindAgent') },
    { weight: 3, arbitrary: fc.constantFrom('markAttachmentDeleted', 'expireDraft', 'forgetAttachment') },
    { weight: 3, arbitrary: fc.constantFrom('updateAttachment') },
    { weight: 2, arbitrary: fc.constantFrom('setLimits', 'setUsage', 'setSwitches', 'setOrganizationState') },
    { weight: 1, arbitrary: fc.constantFrom('closeOwner', 'setOrganizationState', 'eraseOrganization') },
  ),
  organization: fc.constantFrom('acme', 'acme', 'acme', 'acme', 'acme', 'umbrella'),
  who: fc.constantFrom('ada', 'ada', 'bob', 'admin'),
  whose: fc.constantFrom('ada', 'ada', 'ada', 'bob', 'bot', 'adopted'),
  bytes: fc.integer({ min: 0, max: 40 }),
  /** Which of the records that fit: 0 the newest. */
  back: fc.constantFrom(0, 0, 0, 1, 2, 3),
  /** Takes any record instead, whether or not it fits. */
  astray: fc.constantFrom(false, false, false, false, true),
  flag: fc.boolean(),
  other: fc.boolean(),
  /** Whether a worker has the lease that the record names, or one that it lost. */
  lostLease: fc.constantFrom(false, false, false, false, true),
  requestKey: fc.constantFrom(undefined, undefined, 'one', 'two'),
  pass: fc.oneof(
    // Often so little that leases are still live.
    { weight: 9, arbitrary: fc.constantFrom(0, 0, SECOND) },
    { weight: 3, arbitrary: fc.constantFrom(MINUTE, 2 * MINUTE, 15 * MINUTE) },
    { weight: 2, arbitrary: fc.constantFrom(2 * HOUR, DAY, 36 * HOUR) },
  ),
});
export type Step = typeof stepRecord extends fc.Arbitrary<infer T> ? T : never;

/** Histories: of several people over weeks, and of one avatar that is replaced again and again within hours. */
export function randomHistories(steps: { readonly minLength: number; readonly maxLength: number }) {
  const histories = fc.array(stepRecord, { ...steps, size: 'max' });
  return fc.oneof({ weight: 2, arbitrary: histories }, { weight: 1, arbitrary: histories.map(ofOneAvatar) });
}

function ofOneAvatar(steps: Step[]): Step[] {
  const ada = { who: 'ada', whose: 'ada', organization: 'acme' } as const;
  return steps.map((step) => ({ ...step, ...ada, pass: Math.min(step.pass, 15 * MINUTE) as Step['pass'] }));
}

export const SEED = 20_260_115;

/** One of the records that fit, or of all of them; undefined: there is none. */
export function pick<R>(records: readonly R[], { back, astray }: Step, fits: (record: R) => boolean): R | undefined {
  const fitting = astray ? records : records.filter(fits);
  return fitting.at(-1 - (back % Math.max(1, fitting.length)));
}
