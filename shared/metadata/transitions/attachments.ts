import { keepsMetadata } from '../kept-metadata.ts';
import { NOTHING } from '../quota.ts';
import { type AttachmentAccess, meetsAttachmentAccess } from '../record-access.ts';
import { attachmentKey, uploadKey } from '../record-keys.ts';
import { type AttachmentRecord, type AttachmentUpload, instantAfter, type Visibility } from '../records.ts';
import { RETENTION } from '../retention.ts';
import { credit, isErasing, unlessErasing } from './counters.ts';
import { endOf, wasEndedBy } from './end-upload.ts';
import { holdsLease, type LeaseInput } from './leases.ts';
import { change, create, remove, type Transition } from './transition.ts';

export interface PublishAttachmentInput extends LeaseInput {
  readonly file: PublishedFile;
}

/** What the worker found and wrote. */
export type PublishedFile = Pick<
  AttachmentRecord,
  'key' | 'eTag' | 'contentType' | 'size' | 'sha256' | 'metadataStripped' | 'width' | 'height' | 'thumbHash' | 'preview'
>;

/**
 * Makes the written objects an attachment, as its upload described it, and ends the upload as ready. The charge is what
 * was reserved. `superseded`: the organization or the uploader is being erased; nothing has changed then.
 */
export const publishAttachment: Transition<PublishAttachmentInput, 'published' | 'superseded' | 'lost_lease'> = {
  reads: ({ uploadId }) => ({ upload: uploadKey(uploadId) }),
  decide(records, { leaseId, file, now }) {
    const { upload } = records;
    if (upload?.kind !== 'attachment') return { outcome: 'lost_lease' };
    if (wasEndedBy(upload, leaseId, 'ready')) return { outcome: 'published' };
    if (!holdsLease(upload, leaseId)) return { outcome: 'lost_lease' };
    if (isErasing(records)) return { outcome: 'superseded' };
    const { upload: ready, ...counters } = endOf(upload, { status: 'ready', share: NOTHING, now });
    return {
      outcome: 'published',
      writes: {
        upload: ready,
        // Nothing is replaced: while an upload is open, there is no attachment with its id.
        attachment: create(attachmentKey(upload.uploadId), newAttachment(upload, file, now)),
        ...unlessErasing(counters, upload),
      },
    };
  },
};

function newAttachment(upload: AttachmentUpload, file: PublishedFile, now: Date): AttachmentRecord {
  const { uploadId, organizationId, ownerId, contentType, contentLength, createdAt, ...rest } = upload;
  const { filename, visibility, contextId, draft, metadata, description, keepMetadata } = rest;
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
    ...(description !== undefined && { description }),
    keepMetadata,
    declaredType: contentType,
    chargedBytes: contentLength,
    createdAt,
    revision: 1,
    ...(draft && { workAt: instantAfter(now, RETENTION.draft) }),
  };
}

export interface MarkAttachmentDeletedInput {
  readonly fileId: string;
  readonly access: AttachmentAccess;
  readonly now: Date;
}

export type MarkAttachmentDeletedOutcome = 'deleted' | 'absent' | 'not_allowed';

const readAttachment = ({ fileId }: { readonly fileId: string }) => ({ attachment: attachmentKey(fileId) });

/**
 * Deletes the attachment for everyone and releases its charge, once; the removal of its objects is due now. Repeating it
 * until they are removed is `deleted` again. `absent`: there is none. `not_allowed`: another's.
 */
export const markAttachmentDeleted: Transition<MarkAttachmentDeletedInput, MarkAttachmentDeletedOutcome> = {
  reads: readAttachment,
  decide({ attachment: file }, { access, now }) {
    if (file === undefined) return { outcome: 'absent' };
    if (!meetsAttachmentAccess(file, access)) return { outcome: 'not_allowed' };
    return file.status === 'deleting' ? { outcome: 'deleted' } : { outcome: 'deleted', writes: deleting(file, now) };
  },
};

/** The same for a draft whose day is over; `not_due` for anything else. */
export const expireDraft: Transition<{ readonly fileId: string; readonly now: Date }, 'expired' | 'not_due'> = {
  reads: readAttachment,
  decide({ attachment: file }, { now }) {
    const isDue = file?.status === 'ready' && file.workAt !== undefined && file.workAt <= now.toISOString();
    return isDue ? { outcome: 'expired', writes: deleting(file, now) } : { outcome: 'not_due' };
  },
};

function deleting(file: AttachmentRecord, now: Date) {
  const { fileId, organizationId, chargedBytes: bytes } = file;
  const { failingSince, ...rest } = file;
  const next = { ...rest, status: 'deleting', workAt: now.toISOString() } as const;
  return {
    attachment: change(attachmentKey(fileId), file, next, ['status', 'draft', 'workAt', 'failingSince']),
    organization: credit(organizationId, { bytes, files: 1 }),
  };
}

/** Removes the record of a deleted attachment whose objects are gone. `forgotten` also when it is no longer there. */
export const forgetAttachment: Transition<{ readonly fileId: string }, 'forgotten' | 'not_deleted'> = {
  reads: readAttachment,
  decide({ attachment: file }) {
    if (file === undefined) return { outcome: 'forgotten' };
    if (file.status === 'ready') return { outcome: 'not_deleted' };
    return { outcome: 'forgotten', writes: { attachment: remove(attachmentKey(file.fileId), file, ['status']) } };
  },
};

export interface UpdateAttachmentInput {
  readonly fileId: string;
  readonly changes: AttachmentChanges;
  readonly access: AttachmentAccess;
  readonly seenRevision?: number;
}

/**
 * What is left out stays as it is; `metadata` is replaced whole, an empty `description` removes it. An attachment never
 * becomes a draft again.
 */
export interface AttachmentChanges {
  readonly filename?: string | undefined;
  readonly visibility?: Visibility | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
  readonly draft?: false | undefined;
}

export type UpdateAttachmentOutcome =
  | { readonly outcome: 'updated'; readonly file: AttachmentRecord }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'not_allowed' }
  | { readonly outcome: 'revision_differs'; readonly revision: number }
  /** It cannot be public: see keepsMetadata. */
  | { readonly outcome: 'metadata_kept' };

/**
 * Changes what is given and increments the revision. Checked in this order: absent or deleted, access, the revision that
 * the caller has seen, whether it may be public. Without `seenRevision` the current revision is changed, whatever it is;
 * with it, a repeated call is `revision_differs`.
 */
export const updateAttachment: Transition<UpdateAttachmentInput, UpdateAttachmentOutcome> = {
  reads: readAttachment,
  decide({ attachment: file }, { changes, access, seenRevision }) {
    if (file?.status !== 'ready') return { outcome: { outcome: 'absent' } };
    if (!meetsAttachmentAccess(file, access)) return { outcome: { outcome: 'not_allowed' } };
    const { revision } = file;
    if (seenRevision !== undefined && seenRevision !== revision) {
      return { outcome: { outcome: 'revision_differs', revision } };
    }
    if (changes.visibility === 'public' && keepsMetadata(file)) return { outcome: { outcome: 'metadata_kept' } };
    const next = { ...changed(file, changes), revision: revision + 1 };
    return {
      outcome: { outcome: 'updated', file: next },
      writes: { attachment: change(attachmentKey(file.fileId), file, next, UPDATED_FIELDS) },
    };
  },
};

const UPDATED_FIELDS = ['status', 'draft', 'revision', 'workAt', 'failingSince'] as const;

function changed(seen: AttachmentRecord, changes: AttachmentChanges): AttachmentRecord {
  const { filename, visibility, metadata, description, draft } = changes;
  const { description: former, ...undescribed } = seen;
  const { workAt, failingSince, ...sent } = undescribed;
  const next = description ?? former;
  return {
    // Once it is no draft, it is no longer due.
    ...(draft === false ? { ...sent, draft } : undescribed),
    ...(filename !== undefined && { filename }),
    ...(visibility !== undefined && { visibility }),
    ...(metadata !== undefined && { metadata }),
    ...(next && { description: next }),
  };
}
