/**
 * Who acts on an avatar, as the condition on its record. `mayBind`: an absent record is accepted and is bound to
 * `organizationId` then. A present record must have `ownerId` equal, when that is given, else `organizationId`.
 */
export interface AvatarAccess {
  readonly organizationId: string;
  readonly ownerId?: string;
  readonly mayBind: boolean;
}

/** Whether an avatar's record, or its absence, meets the condition. Adapters test it inside their transitions. */
export function meetsAccess(
  record: { readonly organizationId: string; readonly ownerId?: string | null } | undefined,
  { organizationId, ownerId, mayBind }: AvatarAccess,
): boolean {
  if (!record) return mayBind;
  return ownerId === undefined ? record.organizationId === organizationId : record.ownerId === ownerId;
}

/** Who acts on an attachment, as the condition on its record: always of the organization that it belongs to. */
export interface AttachmentAccess {
  readonly organizationId: string;
  /** The caller, who may act on what this person has uploaded. */
  readonly ownerId: string;
  /** Whether the caller may act on what others have uploaded, once it is no draft. */
  readonly othersToo: boolean;
}

/** Whether an attachment's record meets the condition. Adapters test it inside their transitions. */
export function meetsAttachmentAccess(
  record: { readonly organizationId: string; readonly ownerId: string; readonly draft: boolean },
  { organizationId, ownerId, othersToo }: AttachmentAccess,
): boolean {
  if (record.organizationId !== organizationId) return false;
  return record.ownerId === ownerId || (othersToo && !record.draft);
}
