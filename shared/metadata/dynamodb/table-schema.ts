import { MOST_SHARDS } from '../record-store.ts';

/**
 * The table as data: it is created from these constants, in the cloud and for tests. Every item has the key attribute;
 * an item has the attributes of an index only while it belongs in that index.
 */
export const TABLE_KEY = 'pk';

/** Holds when an item may be removed, in whole seconds since 1970. DynamoDB does so within some days after. */
export const EXPIRY_ATTRIBUTE = 'ttl';

/** One index: all its attributes are strings. */
export interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  /** Attributes that its entries repeat, besides the keys. Only a change of one of these writes the index. */
  readonly attributes: readonly string[];
}

/** The projection of an index in the words of CreateTable. */
export function projectionOf({ attributes }: TableIndex): {
  ProjectionType: 'INCLUDE' | 'KEYS_ONLY';
  NonKeyAttributes?: string[];
} {
  if (attributes.length === 0) return { ProjectionType: 'KEYS_ONLY' };
  return { ProjectionType: 'INCLUDE', NonKeyAttributes: [...attributes] };
}

/** What the sweep looks at: open uploads, clean-ups, retired versions, drafts and deleted attachments, by their time. */
export const WORK_INDEX = {
  name: 'work',
  partitionKey: 'workPk',
  sortKey: 'workAt',
  attributes: [],
} as const satisfies TableIndex;

/** An organization's uploads, avatars and attachments, with what counting its usage needs. */
export const ORGANIZATION_INDEX = {
  name: 'byOrganization',
  partitionKey: 'orgPk',
  sortKey: 'orgSk',
  attributes: ['kind', 'status', 'contentLength', 'readyGeneration', 'chargedBytes'],
} as const satisfies TableIndex;

/** One person's uploads and attachments. */
export const OWNER_INDEX = {
  name: 'byOwner',
  partitionKey: 'ownerPk',
  sortKey: 'ownerSk',
  attributes: [],
} as const satisfies TableIndex;

/** The attachments of one context of an organization, and their uploads. */
export const CONTEXT_INDEX = {
  name: 'byContext',
  partitionKey: 'contextPk',
  sortKey: 'contextSk',
  attributes: [],
} as const satisfies TableIndex;

/** Lists are read from these. */
export const LIST_INDEXES = [ORGANIZATION_INDEX, OWNER_INDEX, CONTEXT_INDEX] as const;

export const TABLE_INDEXES: readonly TableIndex[] = [WORK_INDEX, ...LIST_INDEXES];

/**
 * The partitions of the work index. Each takes 1,000 writes per second, and a write of an index that is throttled
 * throttles the write of the item, so all items in one partition would bound what the table takes.
 */
export const WORK_SHARDS: readonly string[] = Array.from({ length: MOST_SHARDS }, (_, shard) => `WORK#${shard}`);
