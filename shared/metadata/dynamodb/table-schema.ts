/**
 * The table as data: whoever creates one, in the cloud or for a test, builds it from these constants. Every item has
 * the key attribute alone; the index attributes are only on items that belong into the index.
 */
export const TABLE_KEY = 'pk';

/** Holds when an item may be removed, in whole seconds since 1970. DynamoDB does so within some days after. */
export const EXPIRY_ATTRIBUTE = 'ttl';

/** One index: all its attributes are strings. */
export interface TableIndex {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly projection: 'KEYS_ONLY' | 'ALL';
}

/** What is due: open uploads, purges, drafts and deleted attachments, by the time of the next look at them. */
export const WORK_INDEX = {
  name: 'work',
  partitionKey: 'workPk',
  sortKey: 'workAt',
  projection: 'KEYS_ONLY',
} as const satisfies TableIndex;

/** All of an organization: uploads, avatars, attachments. With all attributes, so that its quota can be counted. */
export const ORGANIZATION_INDEX = {
  name: 'byOrganization',
  partitionKey: 'orgPk',
  sortKey: 'orgSk',
  projection: 'ALL',
} as const satisfies TableIndex;

/** The same of one person. */
export const OWNER_INDEX = {
  name: 'byOwner',
  partitionKey: 'ownerPk',
  sortKey: 'ownerSk',
  projection: 'KEYS_ONLY',
} as const satisfies TableIndex;

/** Attachments and their uploads that belong to one context of an organization. */
export const CONTEXT_INDEX = {
  name: 'byContext',
  partitionKey: 'contextPk',
  sortKey: 'contextSk',
  projection: 'KEYS_ONLY',
} as const satisfies TableIndex;

/** Lists are read from these. */
export const LIST_INDEXES = [ORGANIZATION_INDEX, OWNER_INDEX, CONTEXT_INDEX] as const;

export const TABLE_INDEXES: readonly TableIndex[] = [WORK_INDEX, ...LIST_INDEXES];

/** All open uploads under one partition key would share the throughput of one partition. */
export const WORK_SHARDS = ['WORK#0', 'WORK#1', 'WORK#2', 'WORK#3'] as const;
