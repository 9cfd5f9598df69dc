import type { AttachmentAccess, AvatarAccess } from '../metadata/record-access.ts';
import type { AttachmentRecord, AvatarRecord, UploadRecord } from '../metadata/records.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import type { Principal } from './principal.ts';

/**
 * Who a caller is to the thing it acts on:
 * - `self`: the user whose avatar it is; `creator`: who asked for the upload (by `sub` alone)
 * - `uploader`: the member who sent the attachment
 * - `member`: anyone of the organization the record belongs to; `admin`, `service`: a member with that role
 * - `binder`: anyone, while the agent belongs to nobody and AGENT_BINDING is first-ticket
 */
type Relation = 'self' | 'creator' | 'uploader' | 'member' | 'admin' | 'service' | 'binder';

/** The one table of rights: action -> the relations that allow it. */
export const RULES = {
  'user-avatar.read': ['self', 'member'],
  'user-avatar.write': ['self', 'admin', 'service'],
  'agent-avatar.read': ['member'],
  'agent-avatar.write': ['member', 'binder'],
  'agent.bind': ['service'],
  'upload.read': ['creator', 'admin', 'service'],
  'upload.write': ['creator', 'admin', 'service'],
  'attachment.read': ['member'],
  'attachment.read-private': ['uploader', 'admin', 'service'],
  'attachment.write': ['uploader', 'admin'],
  'draft.use': ['uploader'],
} as const satisfies Record<string, readonly Relation[]>;
export type Action = keyof typeof RULES;

/** How an agent comes to belong to an organization: by its first ticket, or by `PUT /agents/{id}/owner` alone. */
export type AgentBinding = 'first-ticket' | 'registered';

function allows(action: Action, relations: ReadonlySet<Relation>): boolean {
  return (RULES[action] as readonly Relation[]).some((relation) => relations.has(relation));
}

/** The relations that follow from membership in `organizationId`. */
function relationsTo(principal: Principal, organizationId: string): Set<Relation> {
  const relations = new Set<Relation>();
  if (principal.organizationId !== organizationId) return relations;
  relations.add('member');
  if (principal.roles.has('admin')) relations.add('admin');
  if (principal.roles.has('service')) relations.add('service');
  return relations;
}

/** Whether the caller may see what the record says. An avatar nobody has bound yet is nobody's to see. */
export function mayReadAvatar(principal: Principal, avatar: AvatarRecord): boolean {
  const relations = relationsTo(principal, avatar.organizationId);
  if (isSelf(principal, avatar)) relations.add('self');
  return allows(avatar.entityType === 'users' ? 'user-avatar.read' : 'agent-avatar.read', relations);
}

/**
 * The condition that the avatar's record must meet for the caller to change it, or undefined if no record could: it is
 * tested inside the transition, so that a binding between check and write cannot slip through. A condition on the
 * organization holds for exactly the records whose organization is the caller's, so the relations are those to it.
 */
export function avatarWriteAccess(
  principal: Principal,
  avatar: AvatarRef,
  agentBinding: AgentBinding,
): AvatarAccess | undefined {
  const { organizationId, sub } = principal;
  const action = avatar.entityType === 'users' ? 'user-avatar.write' : 'agent-avatar.write';
  // A user's own token binds the avatar and keeps reaching it from any organization; nobody else's ever binds it.
  if (isSelf(principal, avatar) && allows(action, new Set<Relation>(['self']))) {
    return { organizationId, ownerId: sub, mayBind: true };
  }
  const mayBind = agentBinding === 'first-ticket' && allows(action, new Set<Relation>(['binder']));
  if (mayBind || allows(action, relationsTo(principal, organizationId))) return { organizationId, mayBind };
  return undefined;
}

/** Whether the caller may bind agents at all. */
export function mayBindAgents(principal: Principal): boolean {
  return allows('agent.bind', relationsTo(principal, principal.organizationId));
}

/** Whether the caller may follow, sign again or abort the upload. */
export function mayUseUpload(
  action: 'upload.read' | 'upload.write',
  principal: Principal,
  upload: UploadRecord,
): boolean {
  const relations = relationsTo(principal, upload.organizationId);
  if (principal.sub === upload.ownerId) relations.add('creator');
  return allows(action, relations);
}

/** Whether the caller may see the attachment. */
export function mayReadAttachment(principal: Principal, file: AttachmentRecord): boolean {
  const relations = relationsTo(principal, file.organizationId);
  if (relations.has('member') && principal.sub === file.ownerId) relations.add('uploader');
  if (file.draft) return allows('draft.use', relations);
  return allows(file.visibility === 'private' ? 'attachment.read-private' : 'attachment.read', relations);
}

/** Whether the caller sees in lists what is private to others. */
export function seesPrivateAttachments(principal: Principal): boolean {
  return allows('attachment.read-private', relationsTo(principal, principal.organizationId));
}

/** The condition that the attachment's record must meet for the caller to change or delete it. */
export function attachmentWriteAccess(principal: Principal): AttachmentAccess {
  const { organizationId, sub } = principal;
  return {
    organizationId,
    ownerId: sub,
    othersToo: allows('attachment.write', relationsTo(principal, organizationId)),
  };
}

function isSelf(principal: Principal, avatar: AvatarRef): boolean {
  return avatar.entityType === 'users' && principal.sub === avatar.entityId;
}
