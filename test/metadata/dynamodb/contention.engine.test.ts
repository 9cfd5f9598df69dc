import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import { attachmentsOf } from '../contract/attachment-world.ts';
import { type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/**
 * The engine does one transaction after another. AWS lets them meet: whoever comes to an item that a transaction is at
 * work on is cancelled with a TransactionConflict. This puts that in front of the engine, with items held for as long.
 */
const HELD_MS = 5;

let table: OpenedTable;
let store: DynamoDbMetadataStore;
let conflicts = 0;
beforeAll(async () => {
  table = await openTable();
  store = new DynamoDbMetadataStore(table);
  const held = new Set<string>();
  intercept(table.client, async ({ operation, input, proceed }) => {
    if (operation !== 'TransactWriteItems') return proceed();
    const keys = keysOf(input as unknown as Transaction);
    if (keys.some((key) => held.has(key))) {
      conflicts += 1;
      const CancellationReasons = keys.map((key) => ({ Code: held.has(key) ? 'TransactionConflict' : 'None' }));
      throw new TransactionCanceledException({ message: 'conflict', $metadata: {}, CancellationReasons });
    }
    for (const key of keys) held.add(key);
    await sleep(HELD_MS);
    return proceed().finally(() => {
      for (const key of keys) held.delete(key);
    });
  });
});
afterAll(() => table.close());

interface Transaction {
  readonly TransactItems: readonly Record<string, { readonly Key?: { pk: string }; readonly Item?: { pk: string } }>[];
}

function keysOf({ TransactItems }: Transaction): string[] {
  return TransactItems.flatMap(Object.values).map(({ Key, Item }) => (Key ?? Item)?.pk ?? '');
}

/** Does it 50 times at once; some must have been in each other's way. */
async function fiftyTimes<T>(act: () => Promise<T>): Promise<T[]> {
  const before = conflicts;
  const outcomes = await Promise.all(Array.from({ length: 50 }, act));
  expect(conflicts).toBeGreaterThan(before);
  return outcomes;
}

describe('50 transactions at once that meet on the same items', () => {
  const spacious = { bytes: 10_000, files: 100, openUploads: 100 };

  it('all get the ticket that there is room for, each with its own generation', async () => {
    const w = world(store, spacious);
    const generations = (await fiftyTimes(() => w.issue())).map(({ generation }) => generation);
    expect(new Set(generations).size).toBe(50);
    expect(await w.held()).toEqual({ bytes: 500, files: 50, openUploads: 50 });
    expect(await w.owner()).toMatchObject({ openUploads: 50 });
  });

  it('all get a ticket for avatars of their own in one organization', async () => {
    const w = world(store, spacious);
    await fiftyTimes(() => w.issue({ avatar: w.anotherAgent() }));
    expect(await w.held()).toEqual({ bytes: 500, files: 50, openUploads: 50 });
  });

  it('get six tickets of a quota of six', async () => {
    const w = world(store, { files: 6 });
    const outcomes = await fiftyTimes(() => w.ask());
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(outcomes.filter(({ outcome }) => outcome === 'quota_exceeded')).toHaveLength(44);
    expect(await w.held()).toEqual({ bytes: 60, files: 6, openUploads: 6 });
  });

  it('with one key get one ticket', async () => {
    const w = world(store);
    const outcomes = await fiftyTimes(() => w.ask({ request: w.request() }));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it.each<[string, (w: World) => Promise<() => Promise<unknown>>, unknown]>([
    ['publish', async (w) => actOn(await claimed(w), w.publish), 'published'],
    ['reject', async (w) => actOn(await w.started(), w.reject), 'rejected'],
    ['supersede', async (w) => actOn(await w.started(), w.supersede), 'superseded'],
  ])('of one worker %s once, and all are answered so', async (_transition, prepare, outcome) => {
    const w = world(store);
    expect(new Set(await fiftyTimes(await prepare(w)))).toEqual(new Set([outcome]));
    expect(await w.held()).toMatchObject({ openUploads: 0 });
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('end 50 uploads of one organization, and everything is given back', async () => {
    const w = world(store, spacious);
    const uploads = await Promise.all(Array.from({ length: 50 }, () => w.issue({ avatar: w.anotherAgent() })));
    const left = [...uploads];
    await fiftyTimes(() => w.abort(left.pop()?.uploadId ?? ''));
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('delete an avatar once', async () => {
    const w = world(store);
    await w.published({ bytes: 100 });
    const outcomes = await fiftyTimes(() => w.delete());
    expect(outcomes.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(1);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('get six tickets for attachments of a quota of six', async () => {
    const w = world(store, { files: 6 });
    const outcomes = await fiftyTimes(() => attachmentsOf(w).ask());
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(await w.held()).toEqual({ bytes: 60, files: 6, openUploads: 6 });
  });

  it('of one worker publish an attachment once, and all are answered so', async () => {
    const w = world(store);
    const a = attachmentsOf(w);
    const job = await a.started();
    expect(new Set(await fiftyTimes(() => a.publish(job)))).toEqual(new Set(['published']));
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 0 });
  });

  it('delete an attachment once, and all are answered so', async () => {
    const w = world(store);
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    expect(new Set(await fiftyTimes(() => a.delete(fileId)))).toEqual(new Set(['deleted']));
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  function actOn<T>(job: T, act: (job: T) => Promise<unknown>): () => Promise<unknown> {
    return () => act(job);
  }

  async function claimed(w: World) {
    const job = await w.started();
    await w.claim(job);
    return job;
  }
});
