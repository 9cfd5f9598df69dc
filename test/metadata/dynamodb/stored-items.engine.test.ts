import { randomUUID } from 'node:crypto';
import { DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import { DAY, HOUR, type Job, MINUTE, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

let table: OpenedTable;
let documents: DynamoDBDocumentClient;
let store: DynamoDbMetadataStore;
beforeAll(async () => {
  table = await openTable();
  documents = DynamoDBDocumentClient.from(table.client);
  store = new DynamoDbMetadataStore(table);
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
  it('is due on one of four shards while it is open, and neither due nor kept once it ended', async () => {
    const { uploadId } = await w.issue();
    const open = await itemAt(`UPLOAD#${uploadId}`);
    expect(open).toMatchObject({ workPk: expect.stringMatching(/^WORK#[0-3]$/), workAt: w.in(65 * MINUTE) });
    expect(open).not.toHaveProperty('ttl');
    await w.abort(uploadId);
    const ended = await itemAt(`UPLOAD#${uploadId}`);
    expect(ended).toMatchObject({ status: 'aborted', ttl: secondsIn(35 * DAY) });
    expect(ended).not.toHaveProperty('workPk');
    expect(ended).not.toHaveProperty('workAt');
  });

  it('stays on its shard through all it goes through while it is open', async () => {
    const upload = await w.issue();
    const shard = (await itemAt(`UPLOAD#${upload.uploadId}`))?.workPk;
    await w.renew(upload.uploadId);
    const job = await w.start(upload);
    await w.release(job);
    expect(await itemAt(`UPLOAD#${upload.uploadId}`)).toMatchObject({ workPk: shard, workAt: w.in(30_000) });
  });
});

describe('the item of a render', () => {
  it('stays as it is when a ticket is asked for again that it never had', async () => {
    await w.published();
    const { uploadId } = await w.issue({ upload: w.renderTicket() });
    const before = await itemAt(`UPLOAD#${uploadId}`);
    expect(await w.renew(uploadId)).toEqual({ outcome: 'unknown' });
    expect(await itemAt(`UPLOAD#${uploadId}`)).toEqual(before);
  });
});

describe('the item of an avatar', () => {
  const userItem = () => itemAt(`AVATAR#users#${w.userId}`);
  async function deleteAndPurge(): Promise<void> {
    const deleted = await w.delete();
    const deletedGeneration = deleted.outcome === 'deleted' ? deleted.deletedGeneration : 0;
    await w.purge('first', deletedGeneration);
    await w.purge('second', deletedGeneration);
  }

  async function openDuringPurge(): Promise<Job> {
    await w.published();
    await w.delete();
    const job = await w.started();
    await w.purge('first', 2);
    await w.purge('second', 2);
    expect(await userItem()).toHaveProperty('ttl');
    return job;
  }

  it('of a user goes 35 days after the second purge', async () => {
    await w.published();
    await deleteAndPurge();
    const item = await userItem();
    expect(item).toMatchObject({ ttl: secondsIn(35 * DAY) });
    expect(item).not.toHaveProperty('workPk');
  });

  it('of a user stays when it is asked for again', async () => {
    await w.published();
    await deleteAndPurge();
    await w.issue();
    expect(await userItem()).not.toHaveProperty('ttl');
  });

  it('of a user stays when its newer ticket was open during the purge and is published after it', async () => {
    const job = await openDuringPurge();
    await w.claim(job);
    await w.publish(job);
    expect(await userItem()).not.toHaveProperty('ttl');
  });

  it('of a user stays when its newer ticket was open during the purge and is deleted after it', async () => {
    await openDuringPurge();
    expect(await w.delete()).toMatchObject({ outcome: 'deleted' });
    expect(await userItem()).not.toHaveProperty('ttl');
  });

  it('of a user stays when a picture is published at the last moment of the purge', async () => {
    await w.published();
    await w.delete();
    const job = await w.started();
    await w.claim(job);
    await w.purge('first', 2);
    const rival = new DynamoDbMetadataStore({ client: table.connect(), tableName: table.tableName });
    let published = false;
    const restore = intercept(table.client, async ({ operation, proceed }) => {
      if (operation === 'UpdateItem' && !published) {
        published = true;
        await rival.publishAvatar({ ...job, image: w.image(), now: w.now() });
      }
      return proceed();
    });
    expect(await w.purge('second', 2)).toBe('advanced');
    restore();
    expect(await userItem()).toMatchObject({ readyGeneration: 3 });
    expect(await userItem()).not.toHaveProperty('ttl');
  });

  it('of an agent stays, because it is its binding', async () => {
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    await w.purge('first', 2, w.agent);
    await w.purge('second', 2, w.agent);
    expect(await itemAt(`AVATAR#agents#${w.agent.entityId}`)).not.toHaveProperty('ttl');
  });
});

describe('a read of items', () => {
  it('is strongly consistent: the engine always is, a table in the cloud only when it is asked to be', async () => {
    const asked: boolean[] = [];
    const restore = intercept(table.client, async ({ operation, input, proceed }) => {
      if (operation === 'GetItem') asked.push(input.ConsistentRead === true);
      if (operation === 'BatchGetItem') {
        const [batch] = Object.values(input.RequestItems as Record<string, { ConsistentRead?: boolean }>);
        asked.push(batch?.ConsistentRead === true);
      }
      return proceed();
    });
    await w.published();
    await w.everything();
    await w.store.getAvatars([w.user]);
    restore();
    expect(asked.length).toBeGreaterThan(5);
    expect(asked).not.toContain(false);
  });
});

describe('the item of a request', () => {
  it('goes when its key expires, rounded up to the second', async () => {
    const request = w.request();
    await w.issue({ request });
    expect(await itemAt(`REQUEST#${request.keyDigest}`)).toMatchObject({ ttl: secondsIn(DAY) });
  });

  it('that has expired and is still there does not stand in the way', async () => {
    await w.issue({ request: w.request({ expiresAt: w.in(HOUR) }) });
    w.pass(HOUR + 1_000);
    expect(await w.ask({ request: w.request() })).toMatchObject({ outcome: 'issued', upload: { generation: 2 } });
  });
});

describe('the indexes', () => {
  it('list what belongs to an organization, whole, and the keys of what belongs to a person', async () => {
    const { uploadId, createdAt } = await w.issue({ by: 'admin' });
    await w.issue({ avatar: w.agent });
    const ofOrganization = await allOf('byOrganization', 'orgPk', `ORG#${w.organizationId}`);
    expect(ofOrganization.map(({ pk }) => pk)).toEqual(
      expect.arrayContaining([`UPLOAD#${uploadId}`, `AVATAR#users#${w.userId}`, `AVATAR#agents#${w.agent.entityId}`]),
    );
    expect(ofOrganization).toHaveLength(4);
    expect(ofOrganization).toContainEqual(expect.objectContaining({ uploadId, status: 'pending' }));

    expect(await allOf('byOwner', 'ownerPk', `OWNER#${w.organizationId}#admin`)).toEqual([
      {
        pk: `UPLOAD#${uploadId}`,
        ownerPk: `OWNER#${w.organizationId}#admin`,
        ownerSk: `UPLOAD#${createdAt}#${uploadId}`,
      },
    ]);
    const ofUser = await allOf('byOwner', 'ownerPk', `OWNER#${w.organizationId}#${w.userId}`);
    expect(ofUser.map(({ ownerSk }) => ownerSk)).toContain(`AVATAR#users#${w.userId}`);
    expect(ofUser).toHaveLength(2);
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

describe('due work', () => {
  it('comes page by page without loss or repetition, also when all of it is due at one time', async () => {
    const uploads = await Promise.all(Array.from({ length: 9 }, () => w.issue()));
    w.pass(2 * HOUR);
    const shards = await Promise.all(uploads.map(async ({ uploadId }) => (await itemAt(`UPLOAD#${uploadId}`))?.workPk));
    expect(new Set(shards).size).toBeGreaterThan(1);
    for (const limit of [1, 2, 4, 100]) {
      const found = (await w.due(limit)).map((item) => (item.type === 'upload' ? item.uploadId : 'a purge'));
      expect(found.sort()).toEqual(uploads.map(({ uploadId }) => uploadId).sort());
    }
  });

  it('goes on behind what was done meanwhile', async () => {
    const early = world(store, { startedAt: new Date(Date.UTC(1970, 0, 2)) });
    const uploads = await Promise.all(Array.from({ length: 6 }, () => early.issue()));
    early.pass(2 * HOUR);
    const first = await store.dueWork({ now: early.now(), limit: 2 });
    for (const item of first.items) if (item.type === 'upload') await early.abort(item.uploadId);
    const rest = await store.dueWork({ now: early.now(), limit: 100, cursor: first.cursor ?? '' });
    expect(first.items.length + rest.items.length).toBe(uploads.length);
    expect(rest).not.toHaveProperty('cursor');
  });

  it('is not given for a cursor that no page gave', async () => {
    await Promise.all([w.issue(), w.issue()]);
    w.pass(2 * HOUR);
    const first = await store.dueWork({ now: w.now(), limit: 1 });
    expect(first).toHaveProperty('cursor');
    for (const cursor of ['', randomUUID(), `${first.cursor},WORK#0`]) {
      await expect(store.dueWork({ now: w.now(), limit: 2, cursor })).rejects.toBeInstanceOf(RangeError);
    }
  });
});
