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

/** What is due: open uploads and purges, by the time of the next look at them. */
export const WORK_INDEX = {
  name: 'work',
  partitionKey: 'workPk',
  sortKey: 'workAt',
  projection: 'KEYS_ONLY',
} as const satisfies TableIndex;

export const TABLE_INDEXES: readonly TableIndex[] = [
  WORK_INDEX,
  { name: 'byOrganization', partitionKey: 'orgPk', sortKey: 'orgSk', projection: 'ALL' },
  { name: 'byOwner', partitionKey: 'ownerPk', sortKey: 'ownerSk', projection: 'KEYS_ONLY' },
];

/** All open uploads under one partition key would share the throughput of one partition. */
export const WORK_SHARDS = ['WORK#0', 'WORK#1', 'WORK#2', 'WORK#3'] as const;
