import { RETENTION } from '../metadata-store.ts';
import { type AttachmentUpload, type AvatarUpload, instantAfter, isTerminal } from '../records.ts';
import type {
  BeginUploadInput,
  BeginUploadOutcome,
  LeaseInput,
  RedriveUploadInput,
  RenewTicketInput,
  RenewTicketOutcome,
} from '../upload-store.ts';
import type { Database } from './connection.ts';
import { findAvatar, findUpload, type UploadRow, uploadOf } from './rows.ts';

/** MetadataStore.beginUpload. */
export function beginUpload(db: Database, input: BeginUploadInput): BeginUploadOutcome {
  const { uploadId, leaseId, leaseUntil, eTag, now } = input;
  const upload = findUpload(db, uploadId);
  if (upload === undefined) return { outcome: 'unknown' };
  if (isTerminal(upload.status)) return { outcome: 'finished', upload: uploadOf(upload) };
  if (upload.leaseId === leaseId) return { outcome: 'begun', upload: uploadOf(upload) };
  if (upload.leaseUntil !== null && upload.leaseUntil >= now.toISOString()) return { outcome: 'busy' };

  const begun: UploadRow = {
    ...upload,
    status: 'processing',
    attempts: upload.attempts + 1,
    leaseId,
    leaseUntil,
    eTag: upload.eTag ?? eTag ?? null,
    workAt: leaseUntil,
  };
  db.put('uploads', begun);
  return { outcome: 'begun', upload: uploadOf(begun) };
}

/** Whether this worker may still act on the upload. A lapsed lease counts until another worker took it over. */
export function holdsLease<Row extends UploadRow>(upload: Row | undefined, leaseId: string): upload is Row {
  return upload?.status === 'processing' && upload.leaseId === leaseId;
}

/**
 * MetadataStore.releaseLease. The lease is dropped, not only ended: repeating the call must not take a second attempt
 * off, and the next worker need not wait for the clock to move on.
 */
export function releaseLease(db: Database, { uploadId, leaseId, now }: LeaseInput): 'released' | 'lost_lease' {
  const upload = findUpload(db, uploadId);
  if (!holdsLease(upload, leaseId)) return 'lost_lease';
  db.put('uploads', {
    ...upload,
    attempts: upload.attempts - 1,
    leaseId: null,
    leaseUntil: null,
    workAt: instantAfter(now, RETENTION.releaseDelay),
  });
  return 'released';
}

/** MetadataStore.claimAvatar. */
export function claimAvatar(db: Database, { uploadId, leaseId }: LeaseInput): 'claimed' | 'superseded' | 'lost_lease' {
  const upload = findUpload(db, uploadId);
  if (!holdsLease(upload, leaseId) || upload.kind === 'attachment') return 'lost_lease';
  const { generation } = upload;
  const avatar = findAvatar(db, upload);
  const outrun =
    avatar === undefined || avatar.claimedGeneration > generation || avatar.deletedGeneration >= generation;
  if (outrun) return 'superseded';
  db.put('avatars', { ...avatar, claimedGeneration: generation });
  return 'claimed';
}

/** MetadataStore.renewTicket. A render has no ticket and is unknown here. */
export function renewTicket(db: Database, input: RenewTicketInput): RenewTicketOutcome {
  const { uploadId, urlExpiresAt, acceptUntil, now } = input;
  const upload = findUpload(db, uploadId);
  if (upload === undefined || upload.kind === 'render') return { outcome: 'unknown' };
  const renewable = upload.status === 'pending' && upload.createdAt > instantAfter(now, -RETENTION.renewable);
  if (!renewable) return { outcome: 'finished', status: upload.status };

  const renewed: UploadRow = { ...upload, urlExpiresAt, acceptUntil, workAt: acceptUntil };
  db.put('uploads', renewed);
  return { outcome: 'renewed', upload: uploadOf(renewed) as AvatarUpload | AttachmentUpload };
}

/** MetadataStore.redriveUpload. */
export function redriveUpload(db: Database, { uploadId, seenWorkAt, now }: RedriveUploadInput): 'redriven' | 'stale' {
  // A finished upload has no workAt, so what was seen cannot be equal.
  const moved = db.run('UPDATE uploads SET workAt = :workAt WHERE uploadId = :uploadId AND workAt = :seenWorkAt', {
    uploadId,
    seenWorkAt,
    workAt: instantAfter(now, RETENTION.redriveDelay),
  });
  return moved === 1 ? 'redriven' : 'stale';
}
