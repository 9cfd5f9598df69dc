import { uploadKey } from '../record-keys.ts';
import { type Instant, instantAfter, isTerminal, type UploadRecord } from '../records.ts';
import { LONGEST_PAUSE, pauseAfter, RETENTION } from '../retention.ts';
import { givenUp } from './end-upload.ts';
import { change, type Transition } from './transition.ts';

export interface RedriveUploadInput {
  readonly uploadId: string;
  readonly seenWorkAt: Instant;
  /** An upload that was not finished for this long, although its message was sent, ends rejected; in milliseconds. */
  readonly giveUpAfter: number;
  readonly now: Date;
}

/**
 * Puts an open upload's next look ahead, if it is still the one that was seen: of all who saw it due, one sends its
 * message again. Nobody may be able to say that it fails, because messages cannot be sent or workers die before they
 * look at it: so that it ends all the same, this counts as a failure, and the upload is given up after `giveUpAfter`;
 * not when the looks before this one were not made.
 */
export const redriveUpload: Transition<RedriveUploadInput, 'redriven' | 'rejected' | 'stale'> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, seenWorkAt, giveUpAfter, now }) {
    if (!upload || isTerminal(upload.status) || upload.workAt !== seenWorkAt) return { outcome: 'stale' };
    const { failingSince = now.toISOString() } = upload;
    const isOverdue = failingSince <= instantAfter(now, -giveUpAfter);
    if (isOverdue && seenWorkAt > instantAfter(now, -LONGEST_PAUSE)) {
      return { outcome: 'rejected', writes: givenUp(upload, now) };
    }
    const pause = Math.max(RETENTION.redriveDelay, pauseAfter(failingSince, now));
    const next: UploadRecord = { ...upload, failingSince, workAt: instantAfter(now, pause) };
    return {
      outcome: 'redriven',
      writes: { upload: change(uploadKey(uploadId), upload, next, ['status', 'failingSince', 'workAt']) },
    };
  },
};
