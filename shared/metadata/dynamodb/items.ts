import type { AvatarRef, EntityType } from '../../storage/object-keys.ts';
import type { ListPosition } from '../list-position.ts';
import { type DueWork, RETENTION } from '../metadata-store.ts';
import type {
  AttachmentRecord,
  AvatarRecord,
  Instant,
  OrganizationRecord,
  OwnerRecord,
  UploadRecord,
} from '../records.ts';
import type { IdempotentRequest } from '../upload-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { WORK_SHARDS } from './table-schema.ts';
import type { Item } from './writes.ts';

/*
 * Keys, and the way from a record to its item. An item is its record, field by field, with the attributes of the key,
 * the indexes and the expiry beside it. No id of ours has a `#`; a caller's `sub` and a context, which may, always
 * stand last.
 */

export const uploadPk = (uploadId: string): string => `UPLOAD#${uploadId}`;
export const avatarPk = ({ entityType, entityId }: AvatarRef): string => `AVATAR#${entityType}#${entityId}`;
export const attachmentPk = (fileId: string): string => `FILE#${fileId}`;
export const requestPk = (keyDigest: string): string => `REQUEST#${keyDigest}`;
export const organizationPk = (organizationId: string): string => `ORG#${organizationId}`;
export const ownerPk = (organizationId: string, ownerId: string): string => `OWNER#${organizationId}#${ownerId}`;
export const contextPk = (organizationId: string, contextId: string): string =>
  `CONTEXT#${organizationId}#${contextId}`;
export const SWITCHES_PK = 'SERVICE#switches';

/** What the key of an item of the work index stands for. */
export function workOf(pk: string, workAt: Instant): DueWork {
  const [kind, first = '', second = ''] = pk.split('#');
  if (kind === 'UPLOAD') return { type: 'upload', uploadId: first, workAt };
  if (kind === 'FILE') return { type: 'attachment', fileId: first, workAt };
  return { type: 'purge', avatar: { entityType: first as EntityType, entityId: second }, workAt };
}

/** The item of an open upload: it is due from the start. */
export function uploadItem(record: UploadRecord, shard: string): Item {
  const { uploadId, organizationId, ownerId, createdAt } = record;
  const sortKey = `UPLOAD#${createdAt}#${uploadId}`;
  return {
    ...record,
    pk: uploadPk(uploadId),
    workPk: shard,
    orgPk: organizationPk(organizationId),
    orgSk: sortKey,
    ownerPk: ownerPk(organizationId, ownerId),
    ownerSk: sortKey,
    ...contextKeys(record, sortKey),
  };
}

/** The item of an attachment; one that is due, a draft, is so on this shard. */
export function attachmentItem(record: AttachmentRecord, shard: string): Item {
  const { fileId, organizationId, ownerId, workAt } = record;
  const sortKey = record.draft ? hiddenKey(record) : listKey(record);
  return {
    ...record,
    pk: attachmentPk(fileId),
    ...(workAt !== undefined && { workPk: shard }),
    orgPk: organizationPk(organizationId),
    orgSk: sortKey,
    ownerPk: ownerPk(organizationId, ownerId),
    ownerSk: sortKey,
    ...contextKeys(record, sortKey),
  };
}

/** Where lists look for attachments: everyone's in one order. */
export const LISTED = 'FILE#';
export const listKey = ({ createdAt, fileId }: ListPosition): string => `${LISTED}${createdAt}#${fileId}`;
/** Where they do not: drafts and deleted ones. */
export const hiddenKey = ({ createdAt, fileId }: ListPosition): string => `HIDDEN#${createdAt}#${fileId}`;

/** The position that a list key stands for. */
export function listPositionOf(key: string): ListPosition {
  const [, createdAt = '', fileId = ''] = key.split('#');
  return { createdAt, fileId };
}

function contextKeys(record: UploadRecord | AttachmentRecord, sortKey: string) {
  if (!('contextId' in record) || record.contextId === undefined) return {};
  return { contextPk: contextPk(record.organizationId, record.contextId), contextSk: sortKey };
}

/** The item of an avatar without a purge: it is not due. */
export function avatarItem(record: AvatarRecord): Item {
  const { organizationId, ownerId } = record;
  const pk = avatarPk(record);
  return {
    ...record,
    pk,
    orgPk: organizationPk(organizationId),
    orgSk: pk,
    ...(ownerId !== undefined && { ownerPk: ownerPk(organizationId, ownerId), ownerSk: pk }),
  };
}

export function organizationItem(record: OrganizationRecord): Item {
  return { ...record, pk: organizationPk(record.organizationId) };
}

export function ownerItem(record: OwnerRecord): Item {
  return { ...record, pk: ownerPk(record.organizationId, record.ownerId) };
}

/** Its expiry is rounded up to the second, because it is also when DynamoDB may remove it. */
export function requestItem({ keyDigest, requestDigest, expiresAt }: IdempotentRequest, uploadId: string): Item {
  return { pk: requestPk(keyDigest), requestDigest, uploadId, ttl: epochSeconds(new Date(expiresAt)) };
}

/** The record that an item holds. */
export function recordOf<Record>(item: Item): Record {
  const { pk, workPk, orgPk, orgSk, ownerPk, ownerSk, contextPk, contextSk, ttl, ...record } = item;
  return record as Record;
}

export async function findUpload(table: DynamoDbTable, uploadId: string): Promise<UploadRecord | undefined> {
  const item = await table.get(uploadPk(uploadId));
  return item && recordOf<UploadRecord>(item);
}

export async function findAvatar(table: DynamoDbTable, avatar: AvatarRef): Promise<AvatarRecord | undefined> {
  const item = await table.get(avatarPk(avatar));
  return item && recordOf<AvatarRecord>(item);
}

export async function findAttachment(table: DynamoDbTable, fileId: string): Promise<AttachmentRecord | undefined> {
  const item = await table.get(attachmentPk(fileId));
  return item && recordOf<AttachmentRecord>(item);
}

export async function findOrganization(
  table: DynamoDbTable,
  organizationId: string,
): Promise<OrganizationRecord | undefined> {
  const item = await table.get(organizationPk(organizationId));
  return item && recordOf<OrganizationRecord>(item);
}

/** An avatar that belongs to `organizationId` and has nothing yet. A user's avatar is owned by that user. */
export function newAvatar({ entityType, entityId }: AvatarRef, organizationId: string): AvatarRecord {
  return {
    entityType,
    entityId,
    organizationId,
    ...(entityType === 'users' && { ownerId: entityId }),
    generation: 0,
    claimedGeneration: 0,
    readyGeneration: 0,
    deletedGeneration: 0,
    chargedBytes: 0,
  };
}

/** One of the shards of the work index, each as likely. */
export function shardOf(random: number): string {
  return WORK_SHARDS[Math.floor(random * WORK_SHARDS.length)] ?? WORK_SHARDS[0];
}

/** When something that ends at `now` may be removed. */
export function expiryOf(now: Date): number {
  return epochSeconds(new Date(now.getTime() + RETENTION.finished));
}

/** Whole seconds since 1970, rounded up. */
function epochSeconds(at: Date): number {
  return Math.ceil(at.getTime() / 1_000);
}
