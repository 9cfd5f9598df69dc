import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { organizationKey } from '../../../shared/metadata/record-keys.ts';
import { create } from '../../../shared/metadata/transitions/transition.ts';
import { world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';
import { organization } from './sample-records.ts';

let table: OpenedTable;
let store: DynamoDbRecordStore;
beforeAll(async () => {
  table = await openTable();
  store = new DynamoDbRecordStore(table);
});
afterAll(() => table.close());

let sent: string[];
let restore: () => void;
beforeEach(() => {
  sent = [];
  restore = intercept(table.client, ({ operation, proceed }) => {
    sent.push(operation);
    return proceed();
  });
});
afterEach(() => restore());

const absent = () => organizationKey(randomUUID());

async function stored() {
  const record = organization();
  const key = organizationKey(record.organizationId);
  await store.commit([create(key, record)]);
  sent.length = 0;
  return { key, record };
}

describe('a read', () => {
  it('of one key is one GetItem', async () => {
    const { key, record } = await stored();
    expect(await store.read([key])).toEqual([record]);
    expect(await store.read([absent()])).toEqual([undefined]);
    expect(sent).toEqual(['GetItem', 'GetItem']);
  });

  it('of several is one BatchGetItem, and in the order of the keys', async () => {
    const [one, other] = [await stored(), await stored()];
    expect(await store.read([one.key, absent(), other.key])).toEqual([one.record, undefined, other.record]);
    expect(await store.read([other.key, one.key])).toEqual([other.record, one.record]);
    expect(sent).toEqual(['BatchGetItem', 'BatchGetItem']);
  });

  it('of nothing sends nothing', async () => {
    expect(await store.read([])).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('of a key that is named twice asks for it once', async () => {
    const [one, other] = [await stored(), await stored()];
    expect(await store.read([one.key, other.key, one.key])).toEqual([one.record, other.record, one.record]);
    expect(await store.read([one.key, one.key])).toEqual([one.record, one.record]);
    expect(sent).toEqual(['BatchGetItem', 'GetItem']);
  });

  it('of a render that is requested again finds the newest upload to be its own', async () => {
    const w = world(createMetadataStore(store));
    await w.published();
    const request = w.request();
    const upload = w.renderTicket();
    await w.issue({ upload, request });
    const { uploadId } = upload;
    expect(await w.ask({ upload: w.renderTicket(), request })).toMatchObject({ outcome: 'replayed', uploadId });
  });
});
