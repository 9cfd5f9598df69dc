import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { pkOf } from '../../../shared/metadata/dynamodb/item-keys.ts';
import { itemOf } from '../../../shared/metadata/dynamodb/items.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { attachmentKey, avatarKey, uploadKey } from '../../../shared/metadata/record-keys.ts';
import type { DueWork } from '../../../shared/metadata/record-store.ts';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { change, create, remove } from '../../../shared/metadata/transitions/transition.ts';
import { HOUR, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';
import { at, attachment, attachmentUpload, fullAvatar } from './sample-records.ts';

// A table for each test, because due work is searched in a whole shard.
let table: OpenedTable;
let store: DynamoDbRecordStore;
beforeEach(async () => {
  table = await openTable();
  store = new DynamoDbRecordStore(table);
});
afterEach(() => table.close());

const NOON = new Date(at(12));

/** The shard of an upload. */
function shardOf(upload: UploadRecord): number {
  const { workPk } = itemOf(uploadKey(upload.uploadId), upload);
  return Number(String(workPk).replace('WORK#', ''));
}

/** An upload that is due, in this shard. */
function uploadIn(shard: number, workAt: string): UploadRecord {
  const upload = { ...attachmentUpload(), workAt, uploadId: randomUUID() };
  return shardOf(upload) === shard ? upload : uploadIn(shard, workAt);
}

async function stored(shard: number, ...hours: string[]): Promise<UploadRecord[]> {
  const uploads = hours.map((workAt) => uploadIn(shard, workAt));
  await store.commit(uploads.map((upload) => create(uploadKey(upload.uploadId), upload)));
  return uploads;
}

const workOf = ({ uploadId, workAt = '' }: UploadRecord): DueWork => ({ kind: 'upload', uploadId, workAt });

async function pagesOf(shard: number, limit: number): Promise<DueWork[][]> {
  const pages: DueWork[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.dueWork({ shard, now: NOON, limit, ...(cursor !== undefined && { cursor }) });
    pages.push([...page.items]);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

describe('the shards in which something is due', () => {
  it('are found by one query of each of the 64, for one key, 16 at a time', async () => {
    await stored(60, at(11), at(11));
    await stored(61, at(12));
    await stored(62, at(13));
    const limits: unknown[] = [];
    const open = { now: 0, most: 0 };
    intercept(table.client, ({ input, proceed }) => {
      limits.push(input.Limit);
      open.now += 1;
      open.most = Math.max(open.most, open.now);
      return proceed().finally(() => {
        open.now -= 1;
      });
    });
    expect(await store.dueShards({ now: NOON })).toEqual([60, 61]);
    expect(limits).toEqual(Array.from({ length: 64 }, () => 1));
    expect(open.most).toBe(16);
    expect(await store.dueShards({ now: new Date(at(8)) })).toEqual([]);
  });
});

describe('the work that is due in a shard', () => {
  it('comes oldest first, in pages of the limit, each record once', async () => {
    const uploads = await stored(0, at(11), at(9), at(9), at(9), at(10));
    await stored(0, at(13));
    await stored(1, at(9));
    const ids = (pages: DueWork[][]) => pages.flat().map((work) => (work.kind === 'upload' ? work.uploadId : ''));
    for (const [limit, sizes] of [
      [1, [1, 1, 1, 1, 1]],
      [2, [2, 2, 1]],
      [5, [5]],
      [100, [5]],
    ] as const) {
      const pages = await pagesOf(0, limit);
      expect(pages.map(({ length }) => length)).toEqual(sizes);
      expect(pages.flat().map(({ workAt }) => workAt)).toEqual([at(9), at(9), at(9), at(10), at(11)]);
      expect(ids(pages).sort()).toEqual(uploads.map(({ uploadId }) => uploadId).sort());
    }
  });

  it('names uploads, avatars and attachments as their keys do', async () => {
    const avatar = fullAvatar({ entityType: 'users', entityId: 'auth0|ada.b+c=d@e' });
    const file = attachment({ status: 'deleting', workAt: at(9) });
    await store.commit([create(avatarKey(avatar), avatar), create(attachmentKey(file.fileId), file)]);
    const shards = await store.dueShards({ now: NOON });
    const found = (await Promise.all(shards.map((shard) => pagesOf(shard, 1)))).flat(2);
    expect(found).toContainEqual({ ...avatarKey(avatar), workAt: avatar.workAt });
    expect(found).toContainEqual({ ...attachmentKey(file.fileId), workAt: file.workAt });
  });

  it('continues behind what was done or moved in the meantime', async () => {
    const [first, second, third, fourth] = (await stored(2, at(8), at(9), at(10), at(11))) as [
      UploadRecord,
      UploadRecord,
      UploadRecord,
      UploadRecord,
    ];
    const { items, cursor = '' } = await store.dueWork({ shard: 2, now: NOON, limit: 2 });
    expect(items).toEqual([workOf(first), workOf(second)]);
    await store.commit([remove(uploadKey(first.uploadId), first, [])]);
    await store.commit([change(uploadKey(second.uploadId), second, { ...second, workAt: at(13) }, [])]);
    await store.commit([change(uploadKey(third.uploadId), third, { ...third, workAt: at(13) }, [])]);
    expect(await store.dueWork({ shard: 2, now: NOON, limit: 2, cursor })).toEqual({ items: [workOf(fourth)] });
  });

  it('has a record once in a page, although the index shows it before and after a move', async () => {
    const [moved, other] = (await stored(3, at(8), at(10))) as [UploadRecord, UploadRecord];
    intercept(table.client, async ({ operation, proceed }) => {
      const output = await proceed();
      if (operation !== 'Query') return output;
      const [entry, ...rest] = output.Items as Record<string, unknown>[];
      return { ...output, Items: [entry, ...rest, { ...entry, workAt: { S: at(11) } }] };
    });
    expect(await store.dueWork({ shard: 3, now: NOON, limit: 10 })).toEqual({ items: [workOf(moved), workOf(other)] });
  });

  it('can be read together, because no key comes twice', async () => {
    const w = world(createMetadataStore(store), { files: 100, pendingUploads: 100 });
    await Promise.all(Array.from({ length: 30 }, () => w.issue({ avatar: w.anotherAgent() })));
    await w.published();
    await w.delete();
    w.pass(2 * HOUR);
    const keys = (await w.due(7)).map(({ workAt, ...key }) => key);
    expect(new Set(keys.map(pkOf)).size).toBe(keys.length);
    const batches: number[] = [];
    intercept(table.client, ({ input, proceed }) => {
      const requests = input.RequestItems as Record<string, { Keys: { pk: string }[] }>;
      const pks = requests[table.tableName]?.Keys.map(({ pk }) => pk) ?? [];
      batches.push(pks.length - new Set(pks).size);
      return proceed();
    });
    // Also when a caller joins pages between which an item was moved.
    expect(await store.read([...keys, ...keys])).not.toContain(undefined);
    expect(batches).toEqual([0]);
  });

  it('is not searched for a cursor that no page gave, nor in a shard that does not exist', async () => {
    for (const cursor of ['', randomUUID(), `${at(9)}`, `${at(9)} ORG#x`, `${at(9)} UPLOAD#x y`]) {
      await expect(store.dueWork({ shard: 0, now: NOON, limit: 2, cursor })).rejects.toBeInstanceOf(RangeError);
    }
    await expect(store.dueWork({ shard: 64, now: NOON, limit: 2 })).rejects.toBeInstanceOf(RangeError);
  });
});
