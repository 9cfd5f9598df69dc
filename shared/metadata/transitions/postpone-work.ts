import { attachmentKey, avatarKey, uploadKey } from '../record-keys.ts';
import type { DueWork } from '../record-store.ts';
import { instantAfter } from '../records.ts';
import { pauseAfter } from '../retention.ts';
import { change, type Transition } from './transition.ts';

export interface PostponeWorkInput {
  /** As it was found. */
  readonly work: DueWork;
  readonly now: Date;
}

/**
 * Puts off work that failed, so that it does not keep the sweep from what comes after it: a minute at first, then as long
 * as it has been failing, at most an hour. `stale`: it was moved already.
 */
export const postponeWork: Transition<PostponeWorkInput, 'postponed' | 'stale'> = {
  reads: ({ work }) => {
    if (work.kind === 'upload') return { upload: uploadKey(work.uploadId) };
    return work.kind === 'avatar' ? { avatar: avatarKey(work) } : { attachment: attachmentKey(work.fileId) };
  },
  decide(records, { work, now }) {
    const seen = records[work.kind];
    if (seen?.workAt !== work.workAt) return { outcome: 'stale' };
    const { workAt, ...key } = work;
    const failingSince = seen.failingSince ?? now.toISOString();
    const next = { ...seen, failingSince, workAt: instantAfter(now, pauseAfter(failingSince, now)) };
    return { outcome: 'postponed', writes: { [work.kind]: change(key, seen, next, ['workAt', 'failingSince']) } };
  },
};
