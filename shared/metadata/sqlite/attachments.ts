import { changeAttachment, newAttachment } from '../attachment-changes.ts';
import type {
  MarkAttachmentDeletedInput,
  MarkAttachmentDeletedOutcome,
  PublishAttachmentInput,
  UpdateAttachmentInput,
  UpdateAttachmentOutcome,
} from '../attachment-store.ts';
import { NOTHING } from '../quota.ts';
import { meetsAttachmentAccess } from '../record-access.ts';
import type { AttachmentRecord, AttachmentUpload } from '../records.ts';
import { findAttachment, putAttachment } from './attachment-rows.ts';
import type { Database } from './connection.ts';
import { end, wasEndedBy } from './end-upload.ts';
import { holdsLease } from './leases.ts';
import { credit, isBeingErased } from './quota.ts';
import { findUpload, uploadOf } from './rows.ts';

/** MetadataStore.publishAttachment. */
export function publishAttachment(
  db: Database,
  input: PublishAttachmentInput,
): 'published' | 'superseded' | 'lost_lease' {
  const { uploadId, leaseId, now } = input;
  const upload = findUpload(db, uploadId);
  if (upload?.kind !== 'attachment') return 'lost_lease';
  if (wasEndedBy(upload, leaseId, 'ready')) return 'published';
  if (!holdsLease(upload, leaseId)) return 'lost_lease';
  if (isBeingErased(db, upload)) return 'superseded';
  // Nothing is replaced: as long as an upload is open, there is no attachment of its id.
  putAttachment(db, newAttachment(uploadOf(upload) as AttachmentUpload, input));
  end(db, upload, { status: 'ready', credit: NOTHING, now });
  return 'published';
}

/** MetadataStore.markAttachmentDeleted. */
export function markAttachmentDeleted(
  db: Database,
  { fileId, access, now }: MarkAttachmentDeletedInput,
): MarkAttachmentDeletedOutcome {
  const file = findAttachment(db, fileId);
  if (file === undefined) return 'absent';
  if (!meetsAttachmentAccess(file, access)) return 'not_allowed';
  if (file.status === 'ready') markDeleted(db, file, now);
  return 'deleted';
}

/** MetadataStore.expireDraft. */
export function expireDraft(
  db: Database,
  { fileId, now }: { readonly fileId: string; readonly now: Date },
): 'expired' | 'not_due' {
  const file = findAttachment(db, fileId);
  const due = file?.status === 'ready' && file.workAt !== undefined && file.workAt <= now.toISOString();
  if (!due) return 'not_due';
  markDeleted(db, file, now);
  return 'expired';
}

function markDeleted(db: Database, file: AttachmentRecord, now: Date): void {
  putAttachment(db, { ...file, status: 'deleting', workAt: now.toISOString() });
  credit(db, file.organizationId, { bytes: file.chargedBytes, files: 1 });
}

/** MetadataStore.forgetAttachment. */
export function forgetAttachment(db: Database, { fileId }: { readonly fileId: string }): 'forgotten' | 'not_deleted' {
  if (findAttachment(db, fileId)?.status === 'ready') return 'not_deleted';
  db.run('DELETE FROM attachments WHERE fileId = :fileId', { fileId });
  return 'forgotten';
}

/** MetadataStore.updateAttachment. */
export function updateAttachment(db: Database, input: UpdateAttachmentInput): UpdateAttachmentOutcome {
  const change = changeAttachment(findAttachment(db, input.fileId), input);
  if (change.outcome === 'updated') putAttachment(db, change.file);
  return change;
}
