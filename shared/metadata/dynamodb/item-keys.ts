import type { EntityType } from '../../storage/object-keys.ts';
import type { ListPosition } from '../list-position.ts';
import type { DueSubject, RecordKey } from '../record-store.ts';

/*
 * Values of the table's key and of the index keys. No id that the service makes or accepts contains a `#`. A caller's
 * `sub` and a context may, so they always come last.
 */

/** The key of a record's item. */
export function pkOf(key: RecordKey): string {
  switch (key.kind) {
    case 'upload':
      return `UPLOAD#${key.uploadId}`;
    case 'avatar':
      return `AVATAR#${key.entityType}#${key.entityId}`;
    case 'attachment':
      return `FILE#${key.fileId}`;
    case 'organization':
      return organizationPartition(key.organizationId);
    case 'owner':
      return ownerPartition(key.organizationId, key.ownerId);
    case 'request':
      return `REQUEST#${key.keyDigest}`;
    case 'switches':
      return 'SERVICE#switches';
  }
}

/** The record that the key of a due item names. */
export function subjectOf(pk: string): DueSubject {
  const [prefix, first = '', second = ''] = pk.split('#');
  if (prefix === 'UPLOAD') return { kind: 'upload', uploadId: first };
  if (prefix === 'FILE') return { kind: 'attachment', fileId: first };
  return { kind: 'avatar', entityType: first as EntityType, entityId: second };
}

/** The partition of all records of an organization. */
export const organizationPartition = (organizationId: string): string => `ORG#${organizationId}`;

/** The organization whose partition it is. */
export const organizationIdOf = (partition: string): string => partition.slice('ORG#'.length);

/** The partition of one person's uploads and attachments. */
export const ownerPartition = (organizationId: string, ownerId: string): string => `OWNER#${organizationId}#${ownerId}`;

/** The person whose partition it is. */
export const ownerIdOf = (partition: string, organizationId: string): string =>
  partition.slice(ownerPartition(organizationId, '').length);

/** The partition of one context's uploads and attachments. */
export const contextPartition = (organizationId: string, contextId: string): string =>
  `CONTEXT#${organizationId}#${contextId}`;

/** Sort keys start with one of these, so that a search by prefix finds exactly one sort of entry. */
export const SORT_PREFIX = {
  /** Open uploads, by owner. */
  open: 'OPEN#',
  /** Uploads. */
  upload: 'UPLOAD#',
  /** Attachments that lists show. */
  listed: 'FILE#',
  /** Drafts and deleted attachments. */
  hidden: 'HIDDEN#',
} as const;

/** Entries with one prefix are in the order of their creation, then of their ids. */
export function sortKeyOf(prefix: keyof typeof SORT_PREFIX, createdAt: string, id: string): string {
  return `${SORT_PREFIX[prefix]}${createdAt}#${id}`;
}

/** The position in every list of the attachment with this sort key. */
export function listPositionOf(sortKey: string): ListPosition {
  const [, createdAt = '', fileId = ''] = sortKey.split('#');
  return { createdAt, fileId };
}
