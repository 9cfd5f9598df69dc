import type { RejectionCode } from '../../errors.ts';
import { reservationOf, type Share } from '../quota.ts';
import { uploadKey } from '../record-keys.ts';
import {
  type AttachmentUpload,
  type AvatarUpload,
  type Instant,
  instantAfter,
  isTerminal,
  type UploadRecord,
  type UploadStatus,
  waitsForBytes,
} from '../records.ts';
import { RETENTION } from '../retention.ts';
import { release } from './counters.ts';
import { hasLiveLease, holdsLease, type LeaseInput } from './leases.ts';
import { change, type Decision, type FieldOf, type Seen, type Transition } from './transition.ts';

interface Ending {
  readonly status: Exclude<UploadStatus, 'pending' | 'processing'>;
  /** Exactly with `rejected`. */
  readonly code?: RejectionCode;
  /** What goes back to the organization. */
  readonly share: Share;
  readonly now: Date;
}

/** Everything that changes while an upload is open: it decides who may end it, or when its clean-up is due. */
const WHILE_OPEN: readonly FieldOf<UploadRecord>[] = [
  'status',
  'leaseId',
  'leaseUntil',
  'leases',
  'attempts',
  'sentAt',
  'failingSince',
  'urlExpiresAt',
  'acceptUntil',
  'workAt',
];

/**
 * The one way an upload ends: terminal, counted as open no longer, its share released, and what it leaves behind due for
 * clean-up. Its lease stays in the record, to tell who ended it.
 */
export function endOf(upload: UploadRecord, how: Ending) {
  return {
    upload: change<UploadRecord>(uploadKey(upload.uploadId), upload, ended(upload, how), WHILE_OPEN),
    ...release(upload, how.share),
  };
}

/** Ends an upload whose processing has failed for too long. */
export function givenUp(upload: UploadRecord, now: Date) {
  return endOf(upload, { status: 'rejected', code: 'processing_failed', share: reservationOf(upload), now });
}

/** The record of an upload that has ended. What fails from now on is its clean-up. */
export function ended<U extends UploadRecord>(upload: U, { status, code, now }: Omit<Ending, 'share'>): U {
  const { workAt, failingSince, ...kept } = upload;
  const dueAt = cleanUpDueAt(upload, status, now);
  return {
    ...kept,
    status,
    ...(code !== undefined && { code }),
    finishedAt: now.toISOString(),
    expiresAt: instantAfter(now, RETENTION.finished),
    ...(dueAt !== undefined && { cleanUp: 'first', workAt: dueAt }),
  } as U;
}

/**
 * When the sweep cleans up, unless the worker did before: at the end of the lease. Of a ticket that was given up: when
 * its URL no longer takes bytes. An expired ticket without parts left nothing.
 */
function cleanUpDueAt(upload: UploadRecord, status: UploadStatus, now: Date): Instant | undefined {
  if (hasLiveLease(upload, now)) return upload.leaseUntil;
  if (upload.kind === 'render' || upload.leases > 0) return now.toISOString();
  if (status !== 'expired') return latest(now.toISOString(), upload.urlExpiresAt);
  return upload.method === 'multipart' ? now.toISOString() : undefined;
}

function latest(one: Instant, other: Instant): Instant {
  return one > other ? one : other;
}

/** The same worker ended it the same way before: the response was lost, and the worker asks again. */
export function wasEndedBy(upload: UploadRecord | undefined, leaseId: string, status: UploadStatus): boolean {
  return upload?.status === status && upload.leaseId === leaseId;
}

export interface RejectUploadInput extends LeaseInput {
  readonly code: RejectionCode;
}

const readUpload = ({ uploadId }: { readonly uploadId: string }) => ({ upload: uploadKey(uploadId) });

/** Ends the upload as rejected and releases what it reserved. */
export const rejectUpload: Transition<RejectUploadInput, 'rejected' | 'lost_lease'> = {
  reads: readUpload,
  decide: ({ upload }, { leaseId, code, now }) => {
    if (wasEndedBy(upload, leaseId, 'rejected')) return { outcome: 'rejected' };
    if (!holdsLease(upload, leaseId)) return { outcome: 'lost_lease' };
    const how = { status: 'rejected', code, share: reservationOf(upload), now } as const;
    return { outcome: 'rejected', writes: endOf(upload, how) };
  },
};

/** Ends the upload as superseded and releases what it reserved. */
export const supersedeUpload: Transition<LeaseInput, 'superseded' | 'lost_lease'> = {
  reads: readUpload,
  decide: ({ upload }, { leaseId, now }) => {
    if (wasEndedBy(upload, leaseId, 'superseded')) return { outcome: 'superseded' };
    if (!holdsLease(upload, leaseId)) return { outcome: 'lost_lease' };
    const how = { status: 'superseded', share: reservationOf(upload), now } as const;
    return { outcome: 'superseded', writes: endOf(upload, how) };
  },
};

interface EndPendingInput extends Seen {
  readonly uploadId: string;
  readonly now: Date;
}

export interface ExpireUploadInput extends EndPendingInput {
  /** The record's `sentAt` when no bytes were found: what was sent since then does not expire. */
  readonly sentAt: Instant | undefined;
}

/** Ends a pending ticket whose bytes were never seen, because its caller replaced or deleted the avatar. */
export const supersedePending: Transition<EndPendingInput, 'superseded' | 'not_pending'> = {
  reads: readUpload,
  decide: ({ upload }, { now }) => {
    if (!upload || !waitsForBytes(upload)) return { outcome: 'not_pending' };
    const how = { status: 'superseded', share: reservationOf(upload), now } as const;
    return { outcome: 'superseded', writes: endOf(upload, how) };
  },
};

/**
 * Ends a pending upload whose time for bytes is over. The caller has seen that none are stored. Never a render. One that
 * was due before that time, because a delivery of its message failed, is due at the end of it again.
 */
export const expireUpload: Transition<ExpireUploadInput, 'expired' | 'not_due'> = {
  reads: readUpload,
  decide: ({ upload }, { sentAt, now }) => {
    if (upload?.status !== 'pending' || upload.kind === 'render') return { outcome: 'not_due' };
    if (upload.sentAt !== sentAt) return { outcome: 'not_due' };
    if (upload.acceptUntil >= now.toISOString()) return { outcome: 'not_due', ...dueAtItsEnd(upload) };
    const how = { status: 'expired', share: reservationOf(upload), now } as const;
    return { outcome: 'expired', writes: endOf(upload, how) };
  },
};

function dueAtItsEnd(upload: AvatarUpload | AttachmentUpload): Pick<Decision<unknown>, 'writes'> {
  const { uploadId, acceptUntil, sentAt, workAt = acceptUntil } = upload;
  if (sentAt !== undefined || workAt >= acceptUntil) return {};
  const next = { ...upload, workAt: acceptUntil };
  return {
    writes: {
      upload: change<UploadRecord>(uploadKey(uploadId), upload, next, ['status', 'sentAt', 'acceptUntil', 'workAt']),
    },
  };
}

export type AbortUploadOutcome =
  | { readonly outcome: 'aborted'; readonly upload: UploadRecord }
  | { readonly outcome: 'finished'; readonly upload: UploadRecord }
  | { readonly outcome: 'unknown' };

/**
 * Ends an upload for its creator, unless a worker is at work on it: a pending one, or one that waits for its next
 * attempt. `finished`: it is being processed, or it has ended.
 */
export const abortUpload: Transition<EndPendingInput, AbortUploadOutcome> = {
  reads: readUpload,
  decide: ({ upload }, { now }) => {
    if (upload === undefined) return { outcome: { outcome: 'unknown' } };
    if (isTerminal(upload.status) || hasLiveLease(upload, now)) return { outcome: { outcome: 'finished', upload } };
    const how = { status: 'aborted', share: reservationOf(upload), now } as const;
    return {
      outcome: { outcome: 'aborted', upload: ended(upload, how) },
      writes: endOf(upload, how),
    };
  },
};

export interface FinishCleanUpInput extends Seen {
  readonly uploadId: string;
  /** The pass that was done. */
  readonly pass: 'first' | 'second';
  readonly now: Date;
}

/**
 * After a pass over what an ended upload left behind. A second one is due 15 minutes later where a worker may be paused
 * that does not know of the end: it may write once more.
 */
export const finishCleanUp: Transition<FinishCleanUpInput, 'finished' | 'second_due' | 'stale'> = {
  reads: readUpload,
  decide: ({ upload }, { pass, now }) => {
    if (!upload || upload.cleanUp !== pass || isEarly(upload, now)) return { outcome: 'stale' };
    const { cleanUp, workAt, failingSince, ...rest } = upload;
    const again = pass === 'first' && mayBeWrittenAgain(upload);
    const next = again
      ? { ...rest, cleanUp: 'second' as const, workAt: instantAfter(now, RETENTION.secondPassDelay) }
      : rest;
    const key = uploadKey(upload.uploadId);
    return {
      outcome: again ? 'second_due' : 'finished',
      writes: { upload: change(key, upload, next as UploadRecord, ['cleanUp', 'workAt', 'failingSince']) },
    };
  },
};

/** Whether a worker lost its lease: to another one, or because the lease had lapsed when the upload was ended. */
function mayBeWrittenAgain({ leases, leaseUntil, finishedAt = '' }: UploadRecord): boolean {
  return leases > 1 || (leaseUntil !== undefined && leaseUntil < finishedAt);
}

/** A late worker may clean up between the passes; the second one still has to come. */
function isEarly({ cleanUp, workAt = '' }: UploadRecord, now: Date): boolean {
  return cleanUp === 'second' && workAt > now.toISOString();
}
