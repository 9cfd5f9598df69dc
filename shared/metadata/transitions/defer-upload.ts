import { uploadKey } from '../record-keys.ts';
import { type Instant, instantAfter, isTerminal, type UploadRecord } from '../records.ts';
import { givenUp } from './end-upload.ts';
import { hasLiveLease, holdsLease } from './leases.ts';
import { change, type Seen, type Transition } from './transition.ts';

export interface DeferUploadInput extends Seen {
  readonly uploadId: string;
  /** The worker's; absent when it failed before it had one. */
  readonly leaseId?: string;
  /** When the sweep looks at the upload next. */
  readonly retryAt: Instant;
  /** An upload that has been failing for this long ends rejected, in milliseconds. */
  readonly giveUpAfter: number;
  readonly now: Date;
}

/**
 * Records that a dependency failed. A lease is released and its attempt does not count, so that no outage takes the file
 * for its cause; but after `giveUpAfter` the upload ends as rejected (`processing_failed`), because every upload ends.
 * `not_held`: another worker has the upload, or it has ended.
 */
export const deferUpload: Transition<DeferUploadInput, 'deferred' | 'rejected' | 'not_held'> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, leaseId, retryAt, giveUpAfter, now }) {
    const isHeld = leaseId === undefined ? isFree(upload, now) : holdsLease(upload, leaseId);
    if (!isHeld || upload === undefined) return { outcome: 'not_held' };
    const failingSince = upload.failingSince ?? now.toISOString();
    if (failingSince <= instantAfter(now, -giveUpAfter)) return { outcome: 'rejected', writes: givenUp(upload, now) };
    const next = { ...(leaseId === undefined ? upload : released(upload)), failingSince, workAt: retryAt };
    return {
      outcome: 'deferred',
      writes: {
        upload: change(uploadKey(uploadId), upload, next, USED),
      },
    };
  },
};

const USED = ['status', 'leaseId', 'leaseUntil', 'failingSince', 'attempts', 'workAt'] as const;

/** Without its lease, as if the attempt had not been. One that lapsed stays instead: its worker may still write. */
function released(upload: UploadRecord): UploadRecord {
  const { leaseId, leaseUntil, ...rest } = upload;
  return { ...rest, attempts: upload.attempts - 1 } as UploadRecord;
}

function isFree(upload: UploadRecord | undefined, now: Date): boolean {
  return upload !== undefined && !isTerminal(upload.status) && !hasLiveLease(upload, now);
}
