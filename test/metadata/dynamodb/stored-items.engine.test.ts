import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { itemOf } from '../../../shared/metadata/dynamodb/items.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { avatarKey } from '../../../shared/metadata/record-keys.ts';
import { DAY, HOUR, MINUTE, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';
import { fullAvatar } from './sample-records.ts';

let table: OpenedTable;
let documents: DynamoDBDocumentClient;
let store: MetadataStore;
beforeAll(async () => {
  table = await openTable();
  documents = DynamoDBDocumentClient.from(table.client);
  store = createMetadataStore(new DynamoDbRecordStore(table));
});
afterAll(() => table.close());

let w: World;
beforeEach(() => {
  w = world(store);
});

async function itemAt(pk: string): Promise<Record<string, unknown> | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName: table.tableName, Key: { pk } }));
  return Item;
}

const secondsIn = (milliseconds: number) => Math.ceil(Date.parse(w.in(milliseconds)) / 1_000);

describe('the item of an upload', () => {
  it('is due while it is open and until it is cleaned up, and then only expires', async () => {
    const { uploadId } = await w.issue();
    const open = await itemAt(`UPLOAD#${uploadId}`);
    expect(open).toMatchObject({ workPk: expect.stringMatching(/^WORK#\d+$/), workAt: w.in(65 * MINUTE) });
    expect(open).not.toHaveProperty('ttl');
    await w.abort(uploadId);
    const ended = await itemAt(`UPLOAD#${uploadId}`);
    expect(ended).toMatchObject({ status: 'aborted', workPk: open?.workPk, ttl: secondsIn(35 * DAY) });
    await w.finishCleanUp(uploadId, 'first');
    const done = await itemAt(`UPLOAD#${uploadId}`);
    expect(done).not.toHaveProperty('workPk');
    expect(done).not.toHaveProperty('workAt');
  });

  it('stays in its shard', async () => {
    const upload = await w.issue();
    const shard = (await itemAt(`UPLOAD#${upload.uploadId}`))?.workPk;
    await w.renew(upload.uploadId);
    const job = await w.start(upload);
    await w.defer(job, { retryIn: MINUTE });
    expect(await itemAt(`UPLOAD#${upload.uploadId}`)).toMatchObject({ workPk: shard, workAt: w.in(MINUTE) });
  });
});

describe('the item of an avatar', () => {
  const userItem = () => itemAt(`AVATAR#users#${w.userId}`);

  it("of a user expires 35 days after the second pass over its deleted image's files", async () => {
    await w.published();
    await w.delete();
    await w.removeDue();
    expect(await userItem()).not.toHaveProperty('ttl');
    w.pass(HOUR);
    await w.removeDue();
    expect(await userItem()).toMatchObject({ ttl: secondsIn(35 * DAY) });
    expect(await userItem()).not.toHaveProperty('workPk');
    await w.issue();
    expect(await userItem()).not.toHaveProperty('ttl');
  });

  it('of an agent stays, because it is its binding', async () => {
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    await w.removeDue(w.agent);
    w.pass(HOUR);
    await w.removeDue(w.agent);
    const item = await itemAt(`AVATAR#agents#${w.agent.entityId}`);
    expect(item).not.toHaveProperty('workPk');
    expect(item).not.toHaveProperty('ttl');
  });

  it('costs one unit in the table and one in each of its indexes, as full as it can be', async () => {
    const avatar = fullAvatar();
    const put = new PutCommand({
      TableName: table.tableName,
      Item: itemOf(avatarKey(avatar), avatar),
      ReturnConsumedCapacity: 'INDEXES',
    });
    const { ConsumedCapacity: consumed } = await documents.send(put);
    expect(consumed?.Table?.CapacityUnits).toBe(1);
    expect(consumed?.GlobalSecondaryIndexes).toEqual({
      work: expect.objectContaining({ CapacityUnits: 1 }),
      byOrganization: expect.objectContaining({ CapacityUnits: 1 }),
    });
  });

  it('keeps attributes that this release does not know through everything that happens to it', async () => {
    await w.issue();
    const known = await userItem();
    await documents.send(new PutCommand({ TableName: table.tableName, Item: { ...known, addedLater: { a: 1 } } }));
    await w.published();
    await w.published();
    await w.delete();
    await w.removeDue();
    expect(await userItem()).toMatchObject({ addedLater: { a: 1 }, deletedGeneration: 4 });
    expect(await w.avatar()).toMatchObject({ addedLater: { a: 1 } });
  });
});

describe('the item of a request', () => {
  it('expires with its idempotency key, rounded up to the second', async () => {
    const request = w.request();
    await w.issue({ request });
    expect(await itemAt(`REQUEST#${request.keyDigest}`)).toMatchObject({ ttl: secondsIn(DAY) });
  });

  it('that has expired but is still stored is ignored', async () => {
    await w.issue({ request: w.request({ expiresAt: w.in(HOUR) }) });
    w.pass(HOUR + 1_000);
    const request = w.request();
    expect(await w.ask({ request })).toMatchObject({ outcome: 'issued', upload: { generation: 2 } });
    expect(await itemAt(`REQUEST#${request.keyDigest}`)).toMatchObject({ ttl: secondsIn(DAY) });
  });
});

describe('the indexes', () => {
  it('have what usage is counted by for an organization, and the keys of what a person uploads', async () => {
    const { uploadId, createdAt } = await w.issue({ by: 'admin' });
    await w.published({ avatar: w.agent });
    const ofOrganization = await allOf('byOrganization', 'orgPk', `ORG#${w.organizationId}`);
    const [open, ready, ofUser, ofAgent] = [
      { kind: 'avatar', status: 'pending', contentLength: 10 },
      { kind: 'avatar', status: 'ready', contentLength: 10 },
      { readyGeneration: 0, chargedBytes: 0 },
      { readyGeneration: 1, chargedBytes: 10 },
    ].map((attributes) => ({ ...attributes, orgPk: `ORG#${w.organizationId}` }));
    expect(ofOrganization).toHaveLength(4);
    expect(ofOrganization).toEqual(
      expect.arrayContaining([
        { ...open, pk: `UPLOAD#${uploadId}`, orgSk: 'UPLOAD' },
        { ...ready, pk: expect.stringMatching(/^UPLOAD#/), orgSk: 'UPLOAD' },
        { ...ofUser, pk: `AVATAR#users#${w.userId}`, orgSk: 'AVATAR' },
        { ...ofAgent, pk: `AVATAR#agents#${w.agent.entityId}`, orgSk: 'AVATAR' },
      ]),
    );

    const entry = { pk: `UPLOAD#${uploadId}`, ownerPk: `OWNER#${w.organizationId}#admin` };
    const ofAdmin = () => allOf('byOwner', 'ownerPk', entry.ownerPk);
    expect(await ofAdmin()).toEqual([{ ...entry, ownerSk: `OPEN#${createdAt}#${uploadId}` }]);
    await w.abort(uploadId);
    expect(await ofAdmin()).toEqual([{ ...entry, ownerSk: `UPLOAD#${createdAt}#${uploadId}` }]);
  });

  async function allOf(IndexName: string, key: string, value: string): Promise<Record<string, unknown>[]> {
    const query = new QueryCommand({
      TableName: table.tableName,
      IndexName,
      KeyConditionExpression: `${key} = :value`,
      ExpressionAttributeValues: { ':value': value },
    });
    return (await documents.send(query)).Items ?? [];
  }
});

describe('a read of items', () => {
  it('is strongly consistent: the engine always is, but AWS only where it is requested', async () => {
    const consistent: boolean[] = [];
    const restore = intercept(table.client, async ({ operation, input, proceed }) => {
      if (operation === 'GetItem') consistent.push(input.ConsistentRead === true);
      if (operation === 'BatchGetItem') {
        const [batch] = Object.values(input.RequestItems as Record<string, { ConsistentRead?: boolean }>);
        consistent.push(batch?.ConsistentRead === true);
      }
      return proceed();
    });
    await w.published();
    await w.everything();
    await w.store.getAvatars([w.user]);
    await w.store.openUploads({ organizationId: w.organizationId, ownerId: w.userId });
    restore();
    expect(consistent.length).toBeGreaterThan(5);
    expect(consistent).not.toContain(false);
  });
});
