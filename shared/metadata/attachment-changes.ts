import type {
  AttachmentChanges,
  PublishAttachmentInput,
  UpdateAttachmentInput,
  UpdateAttachmentOutcome,
} from './attachment-store.ts';
import { RETENTION } from './metadata-store.ts';
import { meetsAttachmentAccess } from './record-access.ts';
import { type AttachmentRecord, type AttachmentUpload, instantAfter } from './records.ts';

/** What an upload becomes when it is published. */
export function newAttachment(upload: AttachmentUpload, { file, now }: PublishAttachmentInput): AttachmentRecord {
  const { uploadId, organizationId, ownerId, contentType, contentLength, createdAt, ...rest } = upload;
  const { filename, visibility, contextId, draft, metadata, keepMetadata } = rest;
  return {
    ...file,
    fileId: uploadId,
    status: 'ready',
    organizationId,
    ownerId,
    filename,
    visibility,
    ...(contextId !== undefined && { contextId }),
    draft,
    ...(metadata && { metadata }),
    keepMetadata,
    declaredType: contentType,
    chargedBytes: contentLength,
    createdAt,
    revision: 1,
    ...(draft && { workAt: instantAfter(now, RETENTION.draft) }),
  };
}

/** What a change does to the attachment that stands there, by the port's checks in their order. */
export function changeAttachment(
  file: AttachmentRecord | undefined,
  { changes, access, seenRevision }: UpdateAttachmentInput,
): UpdateAttachmentOutcome {
  if (file?.status !== 'ready') return { outcome: 'absent' };
  if (!meetsAttachmentAccess(file, access)) return { outcome: 'not_allowed' };
  const { revision } = file;
  if (seenRevision !== undefined && seenRevision !== revision) return { outcome: 'revision_differs', revision };
  if (changes.visibility === 'public' && file.keepMetadata) return { outcome: 'metadata_kept' };
  return { outcome: 'updated', file: { ...changed(file, changes), revision: revision + 1 } };
}

function changed({ workAt, ...file }: AttachmentRecord, changes: AttachmentChanges): AttachmentRecord {
  const { filename, visibility, metadata, draft } = changes;
  return {
    ...file,
    ...(filename !== undefined && { filename }),
    ...(visibility !== undefined && { visibility }),
    ...(metadata !== undefined && { metadata }),
    // Once it is no draft, it is no longer due.
    ...(draft === false ? { draft } : workAt !== undefined && { workAt }),
  };
}
