import type { DueWorkPage } from '../metadata-store.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { workOf } from './items.ts';
import { WORK_INDEX, WORK_SHARDS } from './table-schema.ts';

/** An item of the work index. */
interface Entry {
  readonly workPk: string;
  readonly workAt: string;
  readonly pk: string;
}

/**
 * The last entry that the pages so far took of each shard. One position for all would not do: entries of one shard with
 * the same time stand in an order that only the index knows.
 */
type Positions = ReadonlyMap<string, Entry>;

/**
 * MetadataStore.dueWork: the shards of the index, merged.
 * @throws RangeError for a cursor that no page gave.
 */
export async function dueWork(
  table: DynamoDbTable,
  { now, limit, cursor }: { readonly now: Date; readonly limit: number; readonly cursor?: string },
): Promise<DueWorkPage> {
  const positions = cursor === undefined ? new Map<string, Entry>() : positionsOf(cursor);
  // One more than asked for tells whether another page follows.
  const shards = await Promise.all(
    WORK_SHARDS.map((shard) => dueInShard(table, shard, { now, limit: limit + 1, after: positions.get(shard) })),
  );
  // The sort is stable, so entries of one shard keep their order.
  const entries = shards.flat().sort((a, b) => (a.workAt < b.workAt ? -1 : Number(a.workAt > b.workAt)));
  const page = entries.slice(0, limit);
  const items = page.map(({ pk, workAt }) => workOf(pk, workAt));
  if (entries.length <= limit) return { items };
  return { items, cursor: cursorOf(new Map([...positions, ...byShard(page)])) };
}

function byShard(entries: readonly Entry[]): Positions {
  return new Map(entries.map((entry) => [entry.workPk, entry]));
}

async function dueInShard(
  table: DynamoDbTable,
  shard: string,
  { now, limit, after }: { readonly now: Date; readonly limit: number; readonly after: Entry | undefined },
): Promise<Entry[]> {
  const { items } = await table.query({
    IndexName: WORK_INDEX.name,
    KeyConditionExpression: `${WORK_INDEX.partitionKey} = :shard AND ${WORK_INDEX.sortKey} <= :now`,
    ExpressionAttributeValues: { ':shard': shard, ':now': now.toISOString() },
    Limit: limit,
    ...(after !== undefined && { ExclusiveStartKey: after }),
  });
  return items as unknown as Entry[];
}

/** `{shard} {workAt} {pk}` of each position, joined by commas: no id of ours has a space or a comma. */
function cursorOf(positions: Positions): string {
  return [...positions.values()].map(({ workPk, workAt, pk }) => `${workPk} ${workAt} ${pk}`).join();
}

function positionsOf(cursor: string): Positions {
  const entries = cursor.split(',').map((position) => {
    const [, workPk, workAt, pk] = /^(WORK#\d) (\S+Z) ((?:UPLOAD|AVATAR|FILE)#\S+)$/.exec(position) ?? [];
    if (workPk === undefined || workAt === undefined || pk === undefined) {
      throw new RangeError(`"${cursor}" is not a cursor of due work`);
    }
    return { workPk, workAt, pk };
  });
  return byShard(entries);
}
