import { createHash } from 'node:crypto';
import type { EntityType } from '../../storage/object-keys.ts';
import type { AnyRecord, RecordKey, RecordKind, RecordOfKind } from '../record-store.ts';
import { type AttachmentRecord, type AvatarRecord, isTerminal, type UploadRecord } from '../records.ts';
import {
  contextPartition,
  organizationIdOf,
  organizationPartition,
  ownerIdOf,
  ownerPartition,
  pkOf,
  type SORT_PREFIX,
  sortKeyOf,
} from './item-keys.ts';
import { WORK_SHARDS } from './table-schema.ts';

/**
 * An item as it is stored: its record field by field, and the attributes of the key, the indexes and the expiry. Those
 * are all derived from the record, so the difference between two items is the difference between their records.
 */
export type Item = Readonly<Record<string, unknown>> & { readonly pk: string };

/**
 * Fields that are stored in another attribute only. The items of uploads and avatars must stay below 1 KB with ids of
 * usual length, and each of these would repeat 36 bytes: every KB of an item is a unit of each write.
 */
const HELD_BY: { readonly [Kind in RecordKind]?: Readonly<Partial<Record<keyof RecordOfKind[Kind], string>>> } = {
  upload: { uploadId: 'pk', organizationId: 'orgPk', ownerId: 'ownerPk' },
  avatar: { entityType: 'pk', entityId: 'pk', organizationId: 'orgPk' },
};

/** The attribute that holds a field: conditions are on attributes. */
export function attributeOf(kind: RecordKind, field: string): string {
  return (HELD_BY[kind] as Readonly<Record<string, string>> | undefined)?.[field] ?? field;
}

/** The item of a record. Fields that are undefined are left out. */
export function itemOf(key: RecordKey, record: AnyRecord): Item {
  const fields = Object.entries(record).filter(
    ([field, value]) => value !== undefined && attributeOf(key.kind, field) === field,
  );
  const pk = pkOf(key);
  return {
    ...Object.fromEntries(fields),
    pk,
    ...INDEXED[key.kind]?.(record as never),
    ...('workAt' in record && record.workAt !== undefined && { workPk: shardOf(pk) }),
    ...('expiresAt' in record && record.expiresAt !== undefined && { ttl: epochSeconds(record.expiresAt) }),
  };
}

/** The record that an item holds, with the fields that this release does not know. */
export function recordOf(item: Item): AnyRecord {
  const { pk, workPk, orgPk, orgSk, ownerPk, ownerSk, contextPk, contextSk, ttl, ...fields } = item;
  return { ...fields, ...heldByKeys(pk, String(orgPk), String(ownerPk)) } as unknown as AnyRecord;
}

/** The entries of an index have no `ownerPk`; usage is counted without it. */
function heldByKeys(pk: string, orgPk: string, ownerPk: string): Partial<UploadRecord & AvatarRecord> {
  const [prefix, first = '', second = ''] = pk.split('#');
  const organizationId = organizationIdOf(orgPk);
  if (prefix === 'UPLOAD') return { uploadId: first, organizationId, ownerId: ownerIdOf(ownerPk, organizationId) };
  return prefix === 'AVATAR' ? { entityType: first as EntityType, entityId: second, organizationId } : {};
}

type IndexAttributes = Readonly<Record<string, string>>;

/**
 * What lists and counts find a record by. Organizations, owners, requests and switches are read by their key only. No
 * list of an organization shows uploads or avatars, and usage is counted in any order, so their sort keys are short.
 */
const INDEXED: { readonly [Kind in RecordKind]?: (record: RecordOfKind[Kind]) => IndexAttributes } = {
  upload: (upload) => {
    const { uploadId, createdAt, status } = upload;
    const sortKey = sortKeyOf('upload', createdAt, uploadId);
    return {
      ...listedBy(upload, sortKey),
      orgSk: 'UPLOAD',
      ownerSk: isTerminal(status) ? sortKey : sortKeyOf('open', createdAt, uploadId),
    };
  },
  attachment: (file) => {
    const prefix: keyof typeof SORT_PREFIX = file.draft || file.status === 'deleting' ? 'hidden' : 'listed';
    return listedBy(file, sortKeyOf(prefix, file.createdAt, file.fileId));
  },
  avatar: ({ organizationId }: AvatarRecord) => ({ orgPk: organizationPartition(organizationId), orgSk: 'AVATAR' }),
};

function listedBy(record: UploadRecord | AttachmentRecord, sortKey: string): IndexAttributes {
  const { organizationId, ownerId } = record;
  const contextId = 'contextId' in record ? record.contextId : undefined;
  return {
    orgPk: organizationPartition(organizationId),
    orgSk: sortKey,
    ownerPk: ownerPartition(organizationId, ownerId),
    ownerSk: sortKey,
    ...(contextId !== undefined && { contextPk: contextPartition(organizationId, contextId), contextSk: sortKey }),
  };
}

/**
 * The shard of the work index: always the same for one item. With a random one, an item that was moved could be seen in
 * two shards at once.
 */
function shardOf(pk: string): string {
  const [firstByte = 0] = createHash('sha256').update(pk).digest();
  return WORK_SHARDS[firstByte % WORK_SHARDS.length] as string;
}

/** Whole seconds since 1970, rounded up, because DynamoDB may remove the item at that time. */
function epochSeconds(instant: string): number {
  return Math.ceil(Date.parse(instant) / 1_000);
}
