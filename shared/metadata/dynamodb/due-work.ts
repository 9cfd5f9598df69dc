import type { DueWork, DueWorkPage } from '../record-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { subjectOf } from './item-keys.ts';
import { WORK_INDEX, WORK_SHARDS } from './table-schema.ts';

/** An entry of the work index. */
interface Entry {
  readonly workPk: string;
  readonly workAt: string;
  readonly pk: string;
}

/**
 * Queries at a time. Each needs a connection, and a small function has too little of a processor to open 64 at once
 * within the time limit of a request.
 */
const SIDE_BY_SIDE = 16;

/** RecordStore.dueShards: asks each shard for one entry. */
export async function dueShards(table: DynamoDbTable, { now }: { readonly now: Date }): Promise<number[]> {
  const found: Entry[][] = [];
  while (found.length < WORK_SHARDS.length) {
    const shards = WORK_SHARDS.slice(found.length, found.length + SIDE_BY_SIDE);
    found.push(...(await Promise.all(shards.map((workPk) => dueEntries(table, { workPk, now, limit: 1 })))));
  }
  return found.flatMap((entries, shard) => (entries.length > 0 ? [shard] : []));
}

export interface DueWorkInput {
  readonly shard: number;
  readonly now: Date;
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * RecordStore.dueWork. The cursor is the position of a page's last entry: `{workAt} {pk}`.
 * @throws RangeError for a cursor that no page gave, or a shard that does not exist.
 */
export async function dueWork(table: DynamoDbTable, { shard, now, limit, cursor }: DueWorkInput): Promise<DueWorkPage> {
  const workPk = WORK_SHARDS[shard];
  if (workPk === undefined) throw new RangeError(`there is no shard ${shard}`);
  const after = cursor === undefined ? undefined : positionOf(workPk, cursor);
  // One more shows whether another page follows.
  const entries = await dueEntries(table, { workPk, now, limit: limit + 1, ...(after && { after }) });
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  const items = firstOfEach(page).map(workOf);
  return last === undefined || entries.length <= limit ? { items } : { items, cursor: `${last.workAt} ${last.pk}` };
}

/** An item that is moved during the query may be found at its old position and at its new one. */
function firstOfEach(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ pk }, index) => entries.findIndex((entry) => entry.pk === pk) === index);
}

function workOf({ pk, workAt }: Entry): DueWork {
  return { ...subjectOf(pk), workAt };
}

interface Range {
  readonly workPk: string;
  readonly now: Date;
  readonly limit: number;
  readonly after?: Entry;
}

async function dueEntries(table: DynamoDbTable, { workPk, now, limit, after }: Range): Promise<Entry[]> {
  const { items } = await table.query({
    IndexName: WORK_INDEX.name,
    KeyConditionExpression: `${WORK_INDEX.partitionKey} = :shard AND ${WORK_INDEX.sortKey} <= :now`,
    ExpressionAttributeValues: { ':shard': workPk, ':now': now.toISOString() },
    Limit: limit,
    ...(after && { ExclusiveStartKey: after }),
  });
  return items as unknown as Entry[];
}

function positionOf(workPk: string, cursor: string): Entry {
  const [, workAt, pk] = /^(\S+Z) ((?:UPLOAD|AVATAR|FILE)#\S+)$/.exec(cursor) ?? [];
  if (workAt === undefined || pk === undefined) throw new RangeError(`"${cursor}" is not a cursor of due work`);
  return { workPk, workAt, pk };
}
