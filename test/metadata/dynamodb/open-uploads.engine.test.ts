import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { uploadKey } from '../../../shared/metadata/record-keys.ts';
import { create } from '../../../shared/metadata/transitions/transition.ts';
import { attachmentsOf } from '../contract/attachment-world.ts';
import { SECOND, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';
import { attachmentUpload } from './sample-records.ts';

let table: OpenedTable;
let store: DynamoDbRecordStore;
beforeAll(async () => {
  table = await openTable();
  store = new DynamoDbRecordStore(table);
});
afterAll(() => table.close());

let w: World;
let restore = () => {};
beforeEach(() => {
  w = world(createMetadataStore(store));
});
afterEach(() => restore());

async function openIds(ownerId = w.userId): Promise<string[]> {
  const uploads = await store.openUploads({ organizationId: w.organizationId, ownerId });
  return uploads.map(({ uploadId }) => uploadId);
}

describe('the open uploads of a person', () => {
  it('are those of any kind that have not ended, the oldest first', async () => {
    const a = attachmentsOf(w);
    await w.published();
    w.pass(SECOND);
    const { uploadId: processing } = await w.started({ avatar: w.anotherAgent() });
    w.pass(SECOND);
    const { uploadId: file } = await a.issue();
    w.pass(SECOND);
    const { uploadId: render } = await w.issue({ upload: w.renderTicket() });
    await w.issue({ by: 'bob', avatar: w.agent });
    await a.published();
    expect(await openIds()).toEqual([processing, file, render]);
    await w.abort(file);
    expect(await openIds()).toEqual([processing, render]);
    expect(await openIds('nobody')).toEqual([]);
  });

  it('have none that ended while its index still had it', async () => {
    const [first, second] = [await w.issue(), await w.issue({ avatar: w.agent })];
    restore = intercept(table.client, async ({ operation, proceed }) => {
      const output = await proceed();
      if (operation === 'Query') await w.abort(first.uploadId);
      return output;
    });
    expect(await openIds()).toEqual([second.uploadId]);
  });

  it('are all listed, also beyond a page of 100', async () => {
    const { organizationId, userId: ownerId } = w;
    const uploads = Array.from({ length: 101 }, (_, index) =>
      attachmentUpload({ organizationId, ownerId, createdAt: w.in(index * SECOND) }),
    );
    for (const upload of uploads) await store.commit([create(uploadKey(upload.uploadId), upload)]);
    expect(await openIds()).toEqual(uploads.map(({ uploadId }) => uploadId));
  });
});
