import type { RejectionCode } from '../../errors.ts';
import type { PublishAvatarInput } from '../avatar-store.ts';
import { RETENTION } from '../metadata-store.ts';
import { NOTHING, type Share } from '../quota.ts';
import { type AvatarImage, instantAfter, type UploadStatus } from '../records.ts';
import type { AbortUploadOutcome, LeaseInput, RejectUploadInput } from '../upload-store.ts';
import type { Database } from './connection.ts';
import { holdsLease } from './leases.ts';
import { closeUpload, isBeingErased, reservationOf } from './quota.ts';
import { type AvatarRow, findAvatar, findUpload, type UploadRow, uploadOf } from './rows.ts';

/** MetadataStore.publishAvatar. */
export function publishAvatar(db: Database, input: PublishAvatarInput): 'published' | 'superseded' | 'lost_lease' {
  const { uploadId, leaseId, image, now } = input;
  const upload = findUpload(db, uploadId);
  if (upload === undefined || upload.kind === 'attachment') return 'lost_lease';
  if (wasEndedBy(upload, leaseId, 'ready')) return 'published';
  if (!holdsLease(upload, leaseId)) return 'lost_lease';
  const avatar = findAvatar(db, upload);
  if (avatar === undefined || !stillLeads(upload, avatar) || isBeingErased(db, upload, upload)) return 'superseded';

  const published: AvatarImage = { ...image, readyUploadId: uploadId, updatedAt: now.toISOString() };
  db.put('avatars', {
    ...avatar,
    readyGeneration: upload.generation,
    // A render has no length of its own: the charge of the picture it was made from stays.
    chargedBytes: upload.contentLength ?? avatar.chargedBytes,
    image: JSON.stringify(published),
    expiresAt: null,
  });
  end(db, upload, { status: 'ready', credit: replacedShare(upload, avatar), now });
  return 'published';
}

function stillLeads({ generation }: { readonly generation: number }, avatar: AvatarRow): boolean {
  return avatar.claimedGeneration === generation && avatar.deletedGeneration < generation;
}

/**
 * What the organization gets back when the upload takes the published picture's place. A render always finds a
 * picture, and takes over its charge: only a delete removes pictures, and a delete outruns every render before it.
 */
function replacedShare(upload: UploadRow, avatar: AvatarRow): Share {
  if (upload.kind === 'render' || avatar.readyGeneration === 0) return NOTHING;
  return { bytes: avatar.chargedBytes, files: 1 };
}

/** MetadataStore.rejectUpload. */
export function rejectUpload(db: Database, input: RejectUploadInput): 'rejected' | 'claimed' | 'lost_lease' {
  const { uploadId, leaseId, code, nothingWritten, now } = input;
  const upload = findUpload(db, uploadId);
  if (wasEndedBy(upload, leaseId, 'rejected')) return 'rejected';
  if (!holdsLease(upload, leaseId)) return 'lost_lease';
  const claimed = upload.kind !== 'attachment' && findAvatar(db, upload)?.claimedGeneration === upload.generation;
  if (claimed && !nothingWritten) return 'claimed';
  end(db, upload, { status: 'rejected', code, credit: reservationOf(upload), now });
  return 'rejected';
}

/** MetadataStore.supersedeUpload. */
export function supersedeUpload(db: Database, { uploadId, leaseId, now }: LeaseInput): 'superseded' | 'lost_lease' {
  const upload = findUpload(db, uploadId);
  if (wasEndedBy(upload, leaseId, 'superseded')) return 'superseded';
  if (!holdsLease(upload, leaseId)) return 'lost_lease';
  end(db, upload, { status: 'superseded', credit: reservationOf(upload), now });
  return 'superseded';
}

/** The same worker ended it the same way: its answer was lost, and it asks again. */
export function wasEndedBy(upload: UploadRow | undefined, leaseId: string, status: UploadStatus): boolean {
  return upload?.status === status && upload.leaseId === leaseId;
}

/** MetadataStore.expireUpload. A render has no acceptUntil and is never due. */
export function expireUpload(
  db: Database,
  { uploadId, now }: { readonly uploadId: string; readonly now: Date },
): 'expired' | 'not_due' {
  const upload = findUpload(db, uploadId);
  if (upload?.status !== 'pending' || upload.acceptUntil === null) return 'not_due';
  if (upload.acceptUntil >= now.toISOString()) return 'not_due';
  end(db, upload, { status: 'expired', credit: reservationOf(upload), now });
  return 'expired';
}

/** MetadataStore.abortUpload. */
export function abortUpload(
  db: Database,
  { uploadId, now }: { readonly uploadId: string; readonly now: Date },
): AbortUploadOutcome {
  const upload = findUpload(db, uploadId);
  if (upload === undefined) return { outcome: 'unknown' };
  if (upload.status !== 'pending') return { outcome: 'finished', status: upload.status };
  const aborted = end(db, upload, { status: 'aborted', credit: reservationOf(upload), now });
  return { outcome: 'aborted', upload: uploadOf(aborted) };
}

interface Ending {
  readonly status: UploadStatus;
  /** Only with `rejected`. */
  readonly code?: RejectionCode;
  readonly credit: Share;
  readonly now: Date;
}

/** The one way an upload ends: terminal, no longer due, its place among the open ones given back. */
export function end(db: Database, upload: UploadRow, { status, code, credit, now }: Ending): UploadRow {
  const ended: UploadRow = {
    ...upload,
    status,
    code: code ?? null,
    finishedAt: now.toISOString(),
    workAt: null,
    expiresAt: instantAfter(now, RETENTION.finished),
  };
  db.put('uploads', ended);
  closeUpload(db, upload, credit);
  return ended;
}
