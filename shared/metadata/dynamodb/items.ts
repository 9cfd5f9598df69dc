import type { AvatarRef, EntityType } from '../../storage/object-keys.ts';
import { type IdempotentRequest, RETENTION } from '../metadata-store.ts';
import type { AvatarRecord, OrganizationRecord, OwnerRecord, UploadRecord } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { WORK_SHARDS } from './table-schema.ts';
import type { Item } from './writes.ts';

/*
 * Keys, and the way from a record to its item. An item is its record, field by field, with the attributes of the key,
 * the indexes and the expiry beside it. No id of ours has a `#`, and a caller's `sub`, which may, always stands last.
 */

export const uploadPk = (uploadId: string): string => `UPLOAD#${uploadId}`;
export const avatarPk = ({ entityType, entityId }: AvatarRef): string => `AVATAR#${entityType}#${entityId}`;
export const requestPk = (keyDigest: string): string => `REQUEST#${keyDigest}`;
export const organizationPk = (organizationId: string): string => `ORG#${organizationId}`;
export const ownerPk = (organizationId: string, ownerId: string): string => `OWNER#${organizationId}#${ownerId}`;
export const SWITCHES_PK = 'SERVICE#switches';

/** What the key of an item of the work index stands for. */
export function workSubjectOf(
  pk: string,
): { readonly type: 'upload'; readonly uploadId: string } | { readonly type: 'purge'; readonly avatar: AvatarRef } {
  const [kind, first = '', second = ''] = pk.split('#');
  if (kind === 'UPLOAD') return { type: 'upload', uploadId: first };
  return { type: 'purge', avatar: { entityType: first as EntityType, entityId: second } };
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
  };
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
  const { pk, workPk, orgPk, orgSk, ownerPk, ownerSk, ttl, ...record } = item;
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
