import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/*
 * Several reads are no snapshot, nor is one BatchGetItem: one item may be as it was before a commit, another one as it
 * is after it. What is refused because of such reads is never checked by a commit.
 */
let table: OpenedTable;
let rival: MetadataStore;
beforeAll(async () => {
  table = await openTable();
  rival = createMetadataStore(new DynamoDbRecordStore({ client: table.connect(), tableName: table.tableName }));
});
afterAll(() => table.close());

let w: World;
let restore = () => {};
beforeEach(() => {
  const store = createMetadataStore(new DynamoDbRecordStore({ ...table, sleep: async () => {} }));
  w = world(store, { bytes: 100, files: 10, pendingUploads: 3, sentUploads: 3 });
});
afterEach(() => restore());

/** Lets the rival act once, just before the first read of this one item. */
function beforeTheRead(pk: string, act: () => Promise<unknown>): void {
  let acted = false;
  restore = intercept(table.client, async ({ operation, input, proceed }) => {
    if (!acted && operation === 'GetItem' && (input.Key as { pk: string }).pk === pk) {
      acted = true;
      await act();
    }
    return proceed();
  });
}

/** Lets the rival act once, while a batch is read: this one item is returned as it was before, the others as they are. */
function duringTheBatch(pk: string, act: () => Promise<unknown>): void {
  let acted = false;
  restore = intercept(table.client, async ({ operation, proceed }) => {
    if (acted || operation !== 'BatchGetItem') return proceed();
    acted = true;
    const before = itemsOf(await proceed()).filter((item) => item.pk === pk);
    await act();
    const after = await proceed();
    const others = itemsOf(after).filter((item) => item.pk !== pk);
    return { ...after, Responses: { [table.tableName]: [...before, ...others] } };
  });
}

function itemsOf(output: Record<string, unknown>): { readonly pk: string }[] {
  return (output.Responses as Record<string, { pk: string }[]>)[table.tableName] ?? [];
}

describe('a decision on items of different times', () => {
  it('to publish knows that its own commit has arrived between the two reads', async () => {
    const job = await w.started();
    beforeTheRead(`AVATAR#users#${w.userId}`, () => rival.publishAvatar({ ...job, image: w.image(job), now: w.now() }));
    expect(await w.publish(job)).toBe('published');
  });

  it('to issue a ticket replays the same request, although that one reserved the last of the quota', async () => {
    const request = w.request();
    const upload = w.ticket({ bytes: 100 });
    const limits = { ...w.limits, pendingUploads: 3, sentUploads: 3 };
    duringTheBatch(`REQUEST#${request.keyDigest}`, () =>
      rival.issueUpload({ upload, request, access: w.asUser, limits, now: w.now() }),
    );
    expect(await w.ask({ bytes: 100, request })).toMatchObject({ outcome: 'replayed', uploadId: upload.uploadId });
  });
});

describe('a ticket that is requested again by the same call', () => {
  it('is issued again, although it reserved the last of the quota itself', async () => {
    const upload = w.ticket({ bytes: 100 });
    await w.issue({ upload });
    expect(await w.ask({ upload })).toMatchObject({ outcome: 'issued', upload });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });
});
