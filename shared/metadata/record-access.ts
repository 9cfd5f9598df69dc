import { type AvatarRecord, ownerOfAvatar } from './records.ts';

/**
 * Who acts on an avatar, as the condition on its record. `mayBind`: an absent record is accepted and is bound to
 * `organizationId` then. An avatar that has a record must be that user's, when `ownerId` is given, else of that organization.
 */
export interface AvatarAccess {
  readonly organizationId: string;
  readonly ownerId?: string;
  readonly mayBind: boolean;
}

/** Whether an avatar's record, or its absence, meets the condition. Transitions test it. */
export function meetsAccess(
  record: Pick<AvatarRecord, 'entityType' | 'entityId' | 'organizationId'> | undefined,
  { organizationId, ownerId, mayBind }: AvatarAccess,
): boolean {
  if (!record) return mayBind;
  return ownerId === undefined ? record.organizationId === organizationId : ownerOfAvatar(record) === ownerId;
}

/** Who acts on an attachment, as the condition on its record: always of the organization that it belongs to. */
export interface AttachmentAccess {
  readonly organizationId: string;
  /** The caller, who may act on what this person has uploaded. */
  readonly ownerId: string;
  /** Whether the caller may act on what others have uploaded, once it is no draft. */
  readonly othersToo: boolean;
}

/** Whether an attachment's record meets the condition. Transitions test it. */
export function meetsAttachmentAccess(
  record: { readonly organizationId: string; readonly ownerId: string; readonly draft: boolean },
  { organizationId, ownerId, othersToo }: AttachmentAccess,
): boolean {
  if (record.organizationId !== organizationId) return false;
  return record.ownerId === ownerId || (othersToo && !record.draft);
}
