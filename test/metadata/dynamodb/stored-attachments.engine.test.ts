import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { itemOf } from '../../../shared/metadata/dynamodb/items.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { attachmentKey } from '../../../shared/metadata/record-keys.ts';
import type { AttachmentRecord } from '../../../shared/metadata/records.ts';
import { type AttachmentWorld, attachmentsOf } from '../contract/attachment-world.ts';
import { DAY, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

let table: OpenedTable;
let documents: DynamoDBDocumentClient;
beforeAll(async () => {
  table = await openTable();
  documents = DynamoDBDocumentClient.from(table.connect());
});
afterAll(() => table.close());

let w: World;
let a: AttachmentWorld;
let restore = () => {};
beforeEach(() => {
  w = world(createMetadataStore(new DynamoDbRecordStore(table)));
  a = attachmentsOf(w);
});
afterEach(() => restore());

async function itemAt(pk: string): Promise<Record<string, unknown> | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName: table.tableName, Key: { pk } }));
  return Item;
}

async function keysIn(index: string, partitionKey: string, partition: string): Promise<unknown[]> {
  const query = new QueryCommand({
    TableName: table.tableName,
    IndexName: index,
    KeyConditionExpression: `${partitionKey} = :partition`,
    ExpressionAttributeValues: { ':partition': partition },
  });
  return ((await documents.send(query)).Items ?? []).map(({ pk }) => pk);
}

/** Everything of an attachment but its record. */
const KEYS = ['pk', 'workPk', 'workAt', 'orgPk', 'orgSk', 'ownerPk', 'ownerSk', 'contextPk', 'contextSk', 'ttl'];

async function keysOf(fileId: string): Promise<Record<string, unknown>> {
  const item = Object.entries((await itemAt(`FILE#${fileId}`)) ?? {});
  return Object.fromEntries(item.filter(([name]) => KEYS.includes(name)));
}

function keysFor({ fileId, createdAt }: AttachmentRecord, start: 'FILE' | 'HIDDEN') {
  const sortKey = `${start}#${createdAt}#${fileId}`;
  return {
    pk: `FILE#${fileId}`,
    orgPk: `ORG#${w.organizationId}`,
    orgSk: sortKey,
    ownerPk: `OWNER#${w.organizationId}#${w.userId}`,
    ownerSk: sortKey,
    contextPk: `CONTEXT#${w.organizationId}#room #7`,
    contextSk: sortKey,
  };
}

const onSomeShard = expect.stringMatching(/^WORK#\d+$/);

describe('the item of an attachment', () => {
  it('is listed while everyone may see it, and hidden and due once it is deleted', async () => {
    const file = await a.published({ contextId: 'room #7' });
    expect(await keysOf(file.fileId)).toEqual(keysFor(file, 'FILE'));
    await a.update(file.fileId, { visibility: 'private' });
    expect(await keysOf(file.fileId)).toEqual(keysFor(file, 'FILE'));
    await a.delete(file.fileId);
    const due = { workPk: onSomeShard, workAt: w.in(0) };
    expect(await keysOf(file.fileId)).toEqual({ ...keysFor(file, 'HIDDEN'), ...due });
    await a.forget(file.fileId);
    expect(await itemAt(`FILE#${file.fileId}`)).toBeUndefined();
  });

  it('is hidden and due while it is a draft, and listed once it is sent', async () => {
    const draft = await a.published({ contextId: 'room #7', draft: true });
    const due = { workPk: onSomeShard, workAt: w.in(DAY) };
    expect(await keysOf(draft.fileId)).toEqual({ ...keysFor(draft, 'HIDDEN'), ...due });
    await a.update(draft.fileId, { filename: 'b.pdf' });
    expect(await keysOf(draft.fileId)).toEqual({ ...keysFor(draft, 'HIDDEN'), ...due });
    await a.update(draft.fileId, { draft: false });
    expect(await keysOf(draft.fileId)).toEqual(keysFor(draft, 'FILE'));
  });

  it('without a context is in no index of contexts, deleted or not', async () => {
    const { fileId } = await a.published();
    expect(await keysOf(fileId)).not.toHaveProperty('contextPk');
    await a.delete(fileId);
    expect(await keysOf(fileId)).not.toHaveProperty('contextSk');
  });

  it('can be found by organization, person and context, and so can its upload', async () => {
    const open = await a.issue({ contextId: 'room #7' });
    const { fileId } = await a.published({ contextId: 'room #7' });
    const expected = [`FILE#${fileId}`, `UPLOAD#${open.uploadId}`, `UPLOAD#${fileId}`].sort();
    const { organizationId, userId } = w;
    const found = [
      await keysIn('byOrganization', 'orgPk', `ORG#${organizationId}`),
      await keysIn('byOwner', 'ownerPk', `OWNER#${organizationId}#${userId}`),
      await keysIn('byContext', 'contextPk', `CONTEXT#${organizationId}#room #7`),
    ];
    expect(found.map((keys) => keys.sort())).toEqual([expected, expected, expected]);
  });
});

describe('a list', () => {
  it('looks through a bounded number of attachments per page, and reaches its end', async () => {
    const oldest = await a.published({ file: { contentType: 'image/png' } });
    await store(Array.from({ length: 900 }, (_, index) => ({ ...oldest, ...newer(index) })));
    const sent: string[] = [];
    restore = intercept(table.client, async ({ operation, proceed }) => {
      sent.push(operation);
      return proceed();
    });
    const pages: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await a.page({ typePrefix: 'image/', limit: 20, ...(cursor !== undefined && { cursor }) });
      pages.push(page.items.length);
      expect(sent.splice(0).length).toBeLessThanOrEqual(10);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([0, 0, 1]);
  });

  it('of an organization, of one person or of one context is read by one query and one read of its items', async () => {
    const others = await a.published({ by: 'bob' });
    await store(Array.from({ length: 150 }, (_, index) => ({ ...others, ...newer(index) })));
    const own = await a.published({ contextId: 'room #7' });
    const sent: string[] = [];
    restore = intercept(table.client, async ({ operation, proceed }) => {
      sent.push(operation);
      return proceed();
    });
    expect((await a.page({ limit: 100 })).items).toHaveLength(100);
    expect(await a.page({ limit: 1, ownerId: w.userId })).toEqual({ items: [own] });
    expect(await a.page({ limit: 1, contextId: 'room #7' })).toEqual({ items: [own] });
    expect(sent).toEqual(['Query', 'BatchGetItem', 'Query', 'GetItem', 'Query', 'GetItem']);
  });

  it.each<[string, (fileId: string) => Promise<unknown>]>([
    ['deleted', (fileId) => a.delete(fileId)],
    ['forgotten', (fileId) => a.delete(fileId).then(() => a.forget(fileId))],
    ['made private', (fileId) => a.update(fileId, { visibility: 'private' })],
  ])('does not show what was %s while its index still had it', async (_what, act) => {
    const [first, second] = [await a.published(), await a.published()];
    let acted = false;
    restore = intercept(table.client, async ({ operation, proceed }) => {
      if (operation === 'BatchGetItem' && !acted) {
        acted = true;
        await act(first.fileId);
      }
      return proceed();
    });
    const page = await a.page({ visibleTo: { ownerId: 'bob', seesPrivate: false } });
    expect(page).toEqual({ items: [second] });
  });

  /** Created one second after another, later than the first of all. */
  function newer(index: number): Pick<AttachmentRecord, 'fileId' | 'createdAt' | 'contentType'> {
    return { fileId: `${w.userId}-${index}`, createdAt: w.in((index + 1) * 1_000), contentType: 'text/plain' };
  }

  async function store(files: readonly AttachmentRecord[]): Promise<void> {
    for (let start = 0; start < files.length; start += 25) {
      const puts = files
        .slice(start, start + 25)
        .map((file) => ({ PutRequest: { Item: itemOf(attachmentKey(file.fileId), file) } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [table.tableName]: puts } }));
    }
  }
});
