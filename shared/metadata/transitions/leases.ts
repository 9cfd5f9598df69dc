import { uploadKey } from '../record-keys.ts';
import { type Instant, isTerminal, type UploadRecord } from '../records.ts';
import { countAsSent } from './counters.ts';
import { change, type Seen, type Transition } from './transition.ts';

export interface LeaseInput extends Seen {
  readonly uploadId: string;
  readonly leaseId: string;
  readonly now: Date;
}

export interface BeginUploadInput extends LeaseInput {
  readonly leaseUntil: Instant;
  /** Of the stored object; absent when there is none. */
  readonly eTag?: string;
}

export type BeginUploadOutcome =
  | { readonly outcome: 'begun'; readonly upload: UploadRecord }
  | { readonly outcome: 'finished'; readonly upload: UploadRecord }
  | { readonly outcome: 'busy'; readonly leaseUntil: Instant }
  | { readonly outcome: 'unknown' };

/**
 * Takes the lease: pending, or processing without a live lease -> processing, one attempt more. The first ETag that is
 * given stays. Repeating it with the same `leaseId` is `begun` again and counts no further attempt.
 */
export const beginUpload: Transition<BeginUploadInput, BeginUploadOutcome> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, leaseId, leaseUntil, eTag, now }) {
    if (upload === undefined) return { outcome: { outcome: 'unknown' } };
    if (isTerminal(upload.status)) return { outcome: { outcome: 'finished', upload } };
    if (upload.leaseId === leaseId) return { outcome: { outcome: 'begun', upload } };
    if (hasLiveLease(upload, now)) return { outcome: { outcome: 'busy', leaseUntil: upload.leaseUntil } };
    const seenETag = upload.eTag ?? eTag;
    const next: UploadRecord = {
      ...upload,
      status: 'processing',
      attempts: upload.attempts + 1,
      leases: upload.leases + 1,
      leaseId,
      leaseUntil,
      ...(seenETag !== undefined && { eTag: seenETag }),
      sentAt: upload.sentAt ?? now.toISOString(),
      workAt: leaseUntil,
    };
    return {
      outcome: { outcome: 'begun', upload: next },
      writes: {
        upload: change(uploadKey(uploadId), upload, next, [
          'status',
          'leaseId',
          'leaseUntil',
          'attempts',
          'leases',
          'eTag',
          'sentAt',
          'failingSince',
          'urlExpiresAt',
          'acceptUntil',
          'workAt',
        ]),
        ...countAsSent(upload),
      },
    };
  },
};

/** Whether a worker may still be at work. */
export function hasLiveLease(
  upload: UploadRecord,
  now: Date,
): upload is UploadRecord & Required<Pick<UploadRecord, 'leaseUntil'>> {
  return upload.leaseUntil !== undefined && upload.leaseUntil >= now.toISOString();
}

/** Whether this worker may still act on the upload. A lapsed lease counts until another worker took it over. */
export function holdsLease<U extends UploadRecord>(upload: U | undefined, leaseId: string): upload is U {
  return upload?.status === 'processing' && upload.leaseId === leaseId;
}

/**
 * Takes a live lease as lapsed: its worker is known to be dead, because it was in a process that has ended. The attempt
 * stays counted, and the upload is due at once.
 */
export const lapseLease: Transition<{ readonly uploadId: string; readonly now: Date }, 'lapsed' | 'unchanged'> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide({ upload }, { uploadId, now }) {
    if (upload?.status !== 'processing' || !hasLiveLease(upload, now)) return { outcome: 'unchanged' };
    const { leaseId, leaseUntil, ...rest } = upload;
    const next = { ...rest, workAt: now.toISOString() } as UploadRecord;
    return {
      outcome: 'lapsed',
      writes: { upload: change(uploadKey(uploadId), upload, next, ['status', 'leaseId', 'leaseUntil', 'workAt']) },
    };
  },
};
