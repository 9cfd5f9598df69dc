import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { intercept } from '../metadata/dynamodb/intercept.ts';
import { type OpenedTable, openTable } from '../metadata/dynamodb/open-table.ts';
import { attach, LETTER } from './attached-files.ts';
import { type Client, clientOf } from './client.ts';
import { openLocalAdapters } from './local-adapters.ts';
import { expectAtRest } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain, settle } from './settle.ts';
import { openWorld, type World } from './world.ts';

describe('an item of due work in DynamoDB', () => {
  it('is worked on once when the index shows it at its former position, too', async () => {
    const { table, world, clients } = await withDeleted(['ada', 'bob']);
    const stop = intercept(table.client, async ({ operation, input, proceed }) => {
      const output = await proceed();
      const isSearch = operation === 'Query' && input.IndexName === 'work';
      return isSearch ? showTwice(output, Number(input.Limit)) : output;
    });
    for (const message of [...world.messages]) world.lose(message);
    expect(await world.sweep()).toMatchObject({ purged: 2, failed: 0 });
    stop();
    await settle(world);
    await expectAtRest(world, clients);
  });

  it('stays in one shard whatever is written to its record', async () => {
    const { table, world, ada } = await withTable();
    const { id } = await attach(ada, LETTER, { draft: true });
    await drain(world);
    const shards = [await shardOf(table, id)];
    for (const filename of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      expect(await ada.request('PATCH', `/attachments/${id}`, { body: { filename } })).toMatchObject({ status: 200 });
      shards.push(await shardOf(table, id));
    }
    expect(shards[0]).toMatch(/^WORK#\d+$/);
    expect(new Set(shards).size).toBe(1);
  });
});

interface WithTable {
  readonly table: OpenedTable;
  readonly world: World;
  readonly ada: Client;
}

/** Records in DynamoDB, objects in a folder: only the records matter here. */
async function withTable(): Promise<WithTable> {
  const table = await openTable();
  const world = await openWorld(async () => {
    const { close, ...local } = await openLocalAdapters();
    return {
      ...local,
      metadata: createMetadataStore(new DynamoDbRecordStore(table)),
      close: () => Promise.all([close(), table.close()]).then(() => {}),
    };
  });
  return { table, world, ada: clientOf(world, { sub: 'ada' }) };
}

/** Avatars that were published and deleted, and whose files are still stored. */
async function withDeleted(subs: readonly string[]): Promise<WithTable & { readonly clients: readonly Client[] }> {
  const { world, ...others } = await withTable();
  const clients = subs.map((sub) => clientOf(world, { sub }));
  for (const client of clients) await client.send(await plainPicture('red'));
  await drain(world);
  for (const client of clients) await client.delete();
  return { world, ...others, clients };
}

/** As a query that runs while its items are moved: each is found at two times. */
function showTwice(output: Record<string, unknown>, limit: number): Record<string, unknown> {
  const items = output.Items as { readonly workAt: unknown }[];
  return { ...output, Items: items.flatMap((item) => [item, item]).slice(0, limit) };
}

async function shardOf({ client, tableName }: OpenedTable, fileId: string): Promise<string | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: { pk: { S: `FILE#${fileId}` } }, ConsistentRead: true }),
  );
  return Item?.workPk?.S;
}
