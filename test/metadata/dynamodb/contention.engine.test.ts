import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { attachmentsOf } from '../contract/attachment-world.ts';
import { type Job, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/**
 * The engine does one transaction after another. AWS refuses a write of an item that a transaction is at work on: a
 * transaction is cancelled with a TransactionConflict, a single write fails. This emulates that, with items held for as
 * long.
 */
const HELD_MS = 5;

let table: OpenedTable;
let store: MetadataStore;
let conflicts = 0;
beforeAll(async () => {
  table = await openTable();
  store = createMetadataStore(new DynamoDbRecordStore(table));
  const held = new Set<string>();
  intercept(table.client, async ({ operation, input, proceed }) => {
    if (!/^(Put|Update|Delete|TransactWrite)/.test(operation)) return proceed();
    const keys = keysOf(input as unknown as Transaction | Target);
    if (keys.some((key) => held.has(key))) {
      conflicts += 1;
      throw operation === 'TransactWriteItems' ? cancellation(keys, held) : conflict();
    }
    if (operation !== 'TransactWriteItems') return proceed();
    for (const key of keys) held.add(key);
    await sleep(HELD_MS);
    return proceed().finally(() => {
      for (const key of keys) held.delete(key);
    });
  });
});
afterAll(() => table.close());

interface Target {
  readonly Key?: { readonly pk: string };
  readonly Item?: { readonly pk: string };
}

interface Transaction {
  readonly TransactItems: readonly Readonly<Record<string, Target>>[];
}

function keysOf(input: Transaction | Target): string[] {
  const targets = 'TransactItems' in input ? input.TransactItems.flatMap((action) => Object.values(action)) : [input];
  return targets.map(({ Key, Item }) => (Key ?? Item)?.pk ?? '');
}

function cancellation(keys: readonly string[], held: ReadonlySet<string>): Error {
  const CancellationReasons = keys.map((key) => ({ Code: held.has(key) ? 'TransactionConflict' : 'None' }));
  return new TransactionCanceledException({ message: 'conflict', $metadata: {}, CancellationReasons });
}

function conflict(): Error {
  return new TransactionConflictException({ message: 'conflict', $metadata: {} });
}

/** Does it 50 times at once, each again when the store gives up, as every caller does. Some of them must conflict. */
async function fiftyTimes<T>(act: (index: number) => Promise<T>): Promise<T[]> {
  const before = conflicts;
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => untilDone(() => act(index))));
  expect(conflicts).toBeGreaterThan(before);
  return outcomes;
}

async function untilDone<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DependencyUnavailableError)) throw error;
    return untilDone(act);
  }
}

describe('50 transitions at once that write the same items', () => {
  const spacious = { bytes: 10_000, files: 100, pendingUploads: 100, sentUploads: 100 };

  it('all get the ticket that there is room for, each with a generation of its own', async () => {
    const w = world(store, spacious);
    const generations = (await fiftyTimes(() => w.issue())).map(({ generation }) => generation);
    expect(new Set(generations).size).toBe(50);
    expect(await w.held()).toEqual({ bytes: 500, files: 50, openUploads: 50 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 50 });
  });

  it('all get a ticket for different avatars of one organization', async () => {
    const w = world(store, spacious);
    await fiftyTimes(() => w.issue({ avatar: w.anotherAgent() }));
    expect(await w.held()).toEqual({ bytes: 500, files: 50, openUploads: 50 });
  });

  it('get exactly six tickets where six files are free', async () => {
    const w = world(store, { files: 6 });
    const outcomes = await fiftyTimes(() => w.ask());
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(outcomes.filter(({ outcome }) => outcome === 'quota_exceeded')).toHaveLength(44);
    expect(await w.held()).toEqual({ bytes: 60, files: 6, openUploads: 6 });
  });

  it('get exactly six tickets for attachments where six files are free', async () => {
    const w = world(store, { files: 6 });
    const outcomes = await fiftyTimes(() => attachmentsOf(w).ask());
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(await w.held()).toEqual({ bytes: 60, files: 6, openUploads: 6 });
  });

  it('get exactly six tickets where the caller may have six pending', async () => {
    const w = world(store, { ...spacious, pendingUploads: 6 });
    const outcomes = await fiftyTimes(() => w.ask({ avatar: w.anotherAgent() }));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(6);
    expect(await w.owner()).toMatchObject({ pendingUploads: 6 });
  });

  it('get one ticket with one idempotency key', async () => {
    const w = world(store);
    const outcomes = await fiftyTimes(() => w.ask({ request: w.request() }));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it.each<[string, (w: World) => Promise<() => Promise<unknown>>, unknown]>([
    ['publish', async (w) => actOn(await w.started(), (job) => w.publish(job)), 'published'],
    ['reject', async (w) => actOn(await w.started(), w.reject), 'rejected'],
    ['supersede', async (w) => actOn(await w.started(), w.supersede), 'superseded'],
    [
      'publish an attachment',
      async (w) => actOn(await attachmentsOf(w).started(), attachmentsOf(w).publish),
      'published',
    ],
  ])('of one worker %s once, and all return so', async (_transition, prepare, outcome) => {
    const w = world(store);
    expect(new Set(await fiftyTimes(await prepare(w)))).toEqual(new Set([outcome]));
    expect(await w.held()).toMatchObject({ openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('end 50 uploads of one organization, and everything is released', async () => {
    const w = world(store, spacious);
    const uploads = await Promise.all(Array.from({ length: 50 }, () => w.issue({ avatar: w.anotherAgent() })));
    await fiftyTimes((index) => w.abort(uploads[index]?.uploadId ?? ''));
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0 });
  });

  it('publish 50 images of one avatar: the newest stays, and the rest is released', async () => {
    const w = world(store, spacious);
    const jobs: Job[] = [];
    for (let count = 0; count < 50; count += 1) jobs.push(await w.started());
    const newest = await w.avatar();
    await fiftyTimes((index) => w.publish(jobs[index] ?? { uploadId: '', leaseId: '' }).then(() => undefined));
    expect(await w.avatar()).toMatchObject({ readyUploadId: newest?.latestUploadId, readyGeneration: 50 });
    expect(await w.store.countUsage(w)).toMatchObject({ files: (await w.held()).files });
  });

  it('delete an avatar once', async () => {
    const w = world(store);
    await w.published({ bytes: 100 });
    const outcomes = await fiftyTimes(() => w.delete());
    expect(outcomes.filter(({ outcome }) => outcome === 'deleted')).toHaveLength(1);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('delete an attachment once, and all return so', async () => {
    const w = world(store);
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    expect(new Set(await fiftyTimes(() => a.delete(fileId)))).toEqual(new Set(['deleted']));
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('move limits while others reserve, by single writes and transactions: what is held stays held', async () => {
    const w = world(store, spacious);
    await w.issue();
    await fiftyTimes<unknown>((index) => {
      const moved = { bytesLimit: 10_000 + index, filesLimit: 100 + index };
      return index % 10 === 0 ? w.setLimits(moved) : w.ask({ avatar: w.anotherAgent() });
    });
    expect(await w.held()).toEqual({ bytes: 460, files: 46, openUploads: 46 });
  });

  function actOn<T>(job: T, act: (job: T) => Promise<unknown>): () => Promise<unknown> {
    return () => act(job);
  }
});
