import type { AttachmentAccess } from './record-access.ts';
import type { AttachmentRecord, Visibility } from './records.ts';
import type { LeaseInput } from './upload-store.ts';

/** The part of the port about attachments, from their publication until nothing of them is left. */
export interface AttachmentStore {
  /**
   * Makes the written objects an attachment, as its upload described it, and ends the upload as ready. The charge is
   * what was reserved. `superseded` when the organization or the uploader is being erased: nothing has changed then.
   */
  publishAttachment(input: PublishAttachmentInput): Promise<'published' | 'superseded' | 'lost_lease'>;

  /**
   * Deletes the attachment for everyone and gives its charge back, once; the removal of its objects is due now.
   * Repeating it until they are removed is `deleted` again. `absent`: there is none. `not_allowed`: another's.
   */
  markAttachmentDeleted(input: MarkAttachmentDeletedInput): Promise<MarkAttachmentDeletedOutcome>;

  /** The same for a draft whose day is over: `not_due` unless it is one still. */
  expireDraft(input: { readonly fileId: string; readonly now: Date }): Promise<'expired' | 'not_due'>;

  /** Removes the record of a deleted attachment whose objects are gone. `forgotten` also when it is no longer there. */
  forgetAttachment(input: { readonly fileId: string }): Promise<'forgotten' | 'not_deleted'>;

  /**
   * Changes what is given and counts the revision up. Checked in this order: absent or deleted, access, the revision
   * that the caller has seen, whether it may be public. Without `seenRevision`, whatever stands there is changed; with
   * it, a repeated call is `revision_differs`.
   */
  updateAttachment(input: UpdateAttachmentInput): Promise<UpdateAttachmentOutcome>;

  /** Also a draft, and a deleted one whose objects may still stand: the caller looks at `draft` and `status`. */
  getAttachment(input: { readonly fileId: string }): Promise<AttachmentRecord | undefined>;
  /** At most 100, distinct; in the order asked, undefined where there is none. Drafts and deleted ones as above. */
  getAttachments(fileIds: readonly string[]): Promise<readonly (AttachmentRecord | undefined)[]>;

  /**
   * One page of what a caller may see: the newest first, by createdAt, then by id. Never drafts, deleted ones, nor what
   * is private to others. A page may have fewer than `limit` while more follow, because what one call looks through is
   * bounded; each cursor is further than the one before. May miss what was published in the last seconds.
   * @throws RangeError for a cursor that no page gave.
   */
  listAttachments(input: ListAttachmentsInput): Promise<AttachmentPage>;
}

export interface PublishAttachmentInput extends LeaseInput {
  readonly file: PublishedFile;
}

/** What the worker found and wrote. */
export type PublishedFile = Pick<
  AttachmentRecord,
  'key' | 'eTag' | 'contentType' | 'size' | 'sha256' | 'metadataStripped' | 'width' | 'height' | 'thumbHash' | 'preview'
>;

export interface MarkAttachmentDeletedInput {
  readonly fileId: string;
  readonly access: AttachmentAccess;
  readonly now: Date;
}

export type MarkAttachmentDeletedOutcome = 'deleted' | 'absent' | 'not_allowed';

export interface UpdateAttachmentInput {
  readonly fileId: string;
  readonly changes: AttachmentChanges;
  readonly access: AttachmentAccess;
  readonly seenRevision?: number;
}

/** What stays out stays as it is; `metadata` is replaced whole. An attachment never becomes a draft again. */
export interface AttachmentChanges {
  readonly filename?: string | undefined;
  readonly visibility?: Visibility | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly draft?: false | undefined;
}

export type UpdateAttachmentOutcome =
  | { readonly outcome: 'updated'; readonly file: AttachmentRecord }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'not_allowed' }
  | { readonly outcome: 'revision_differs'; readonly revision: number }
  /** It keeps the metadata of its image, so it cannot be public. */
  | { readonly outcome: 'metadata_kept' };

export interface ListAttachmentsInput {
  readonly organizationId: string;
  readonly contextId?: string;
  /** The uploader. */
  readonly ownerId?: string;
  /** The start of the media type they are served with: `image/`. */
  readonly typePrefix?: string;
  /** The caller, and whether it sees what is private to others. */
  readonly visibleTo: { readonly ownerId: string; readonly seesPrivate: boolean };
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor?: string;
}

export interface AttachmentPage {
  readonly items: readonly AttachmentRecord[];
  /** Absent on the last page. */
  readonly cursor?: string;
}
