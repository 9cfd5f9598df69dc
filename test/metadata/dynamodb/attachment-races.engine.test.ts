import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { type AttachmentWorld, attachmentsOf } from '../contract/attachment-world.ts';
import { DAY, HOUR, type World, world } from '../contract/world.ts';
import { beforeTheWrite } from './before-the-write.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/*
 * What a rival does between the read and the write of a transition counts: the outcome is the one of the rival first,
 * then the transition.
 */
let table: OpenedTable;
let rivalStore: MetadataStore;
beforeAll(async () => {
  table = await openTable();
  rivalStore = createMetadataStore(new DynamoDbRecordStore({ client: table.connect(), tableName: table.tableName }));
});
afterAll(() => table.close());

let w: World;
let a: AttachmentWorld;
/** The same world by another connection, which nothing intercepts. */
let rival: AttachmentWorld;
let restore = () => {};
beforeEach(() => {
  const store = createMetadataStore(new DynamoDbRecordStore({ ...table, sleep: async () => {} }));
  w = world(store, { bytes: 100, files: 10, pendingUploads: 3, sentUploads: 3 });
  a = attachmentsOf(w);
  rival = attachmentsOf({ ...w, store: rivalStore });
});
afterEach(() => restore());

function meanwhile(act: () => Promise<unknown>): void {
  restore = beforeTheWrite(table.client, act);
}

const closeOrganization = () =>
  rivalStore.setOrganizationState({ organizationId: w.organizationId, state: 'erasing', limits: w.limits });
const close = (ownerId: string) => rivalStore.closeOwner({ organizationId: w.organizationId, ownerId });

describe('a ticket for an attachment is requested while', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    ['the organization is closed', closeOrganization, { outcome: 'organization_closed', state: 'erasing' }],
    ['the caller is closed', () => close(w.userId), { outcome: 'organization_closed', state: 'erasing' }],
    [
      'the last bytes are reserved',
      () => rival.issue({ by: 'bob', bytes: 95 }),
      { outcome: 'quota_exceeded', bytesFree: 5 },
    ],
    [
      'the last files are reserved',
      () => rivalStore.setLimits({ organizationId: w.organizationId, bytesLimit: 100, filesLimit: 2 }),
      { outcome: 'quota_exceeded', filesFree: 0 },
    ],
    [
      'the caller opens one upload too many',
      () => rival.issue({ bytes: 0 }),
      { outcome: 'too_many_open', cap: 'pending' },
    ],
  ])('%s: it is refused', async (_what, act, refusal) => {
    await a.issue({ bytes: 0 });
    await a.issue({ bytes: 0 });
    meanwhile(act);
    const upload = a.ticket();
    expect(await a.ask({ upload })).toMatchObject(refusal);
    expect(await w.upload(upload.uploadId)).toBeUndefined();
  });

  it('the very same is issued, and reserves the last of the quota: it is that ticket', async () => {
    const upload = a.ticket({ bytes: 100 });
    meanwhile(() => rival.ask({ upload }));
    expect(await a.ask({ upload })).toMatchObject({ outcome: 'issued', upload });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('the same request is made, and reserves the last of the quota: it is replayed', async () => {
    const request = w.request();
    const upload = a.ticket({ bytes: 100 });
    meanwhile(() => rival.ask({ upload, request }));
    expect(await a.ask({ bytes: 100, request })).toMatchObject({ outcome: 'replayed', uploadId: upload.uploadId });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });
});

describe('an attachment is published while', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['the organization is closed', closeOrganization],
    ['the uploader is closed', () => close(w.userId)],
  ])('%s: it is superseded', async (_what, act) => {
    const job = await a.started();
    meanwhile(act);
    expect(await a.publish(job)).toBe('superseded');
    expect(await a.find(job.uploadId)).toBeUndefined();
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('another worker takes its lease over: it is lost', async () => {
    const job = await a.started();
    const { uploadId } = job;
    const lapsed = { now: new Date(w.in(3 * HOUR)), leaseUntil: w.in(4 * HOUR) };
    meanwhile(() => rivalStore.beginUpload({ uploadId, leaseId: 'rival', ...lapsed }));
    expect(await a.publish(job)).toBe('lost_lease');
    expect(await a.find(uploadId)).toBeUndefined();
  });

  it('its worker publishes it by another call: it is published once', async () => {
    const job = await a.started();
    meanwhile(() => rival.publish(job));
    expect(await a.publish(job)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 0 });
  });
});

describe('an attachment is deleted while', () => {
  it('another client deletes it: its charge is released once', async () => {
    const { fileId } = await a.published();
    meanwhile(() => rival.delete(fileId, rival.asAdmin));
    expect(await a.delete(fileId)).toBe('deleted');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('it is changed: what was changed is deleted', async () => {
    const { fileId } = await a.published({ draft: true });
    meanwhile(() => rival.update(fileId, { draft: false, filename: 'b.pdf' }));
    expect(await a.delete(fileId)).toBe('deleted');
    expect(await a.find(fileId)).toMatchObject({ status: 'deleting', draft: false, filename: 'b.pdf' });
  });

  it('it is deleted and forgotten: there is none', async () => {
    const { fileId } = await a.published();
    meanwhile(async () => {
      await rival.delete(fileId);
      await rival.forget(fileId);
    });
    expect(await a.delete(fileId)).toBe('absent');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it.each<[string, (fileId: string) => Promise<unknown>, number]>([
    ['the draft is sent: it does not expire', (fileId) => rival.update(fileId, { draft: false }), 1],
    ['the draft is deleted: it does not expire again', (fileId) => rival.delete(fileId), 0],
  ])('%s', async (_what, act, files) => {
    const { fileId } = await a.published({ draft: true });
    w.pass(DAY);
    meanwhile(() => act(fileId));
    expect(await a.expireDraft(fileId)).toBe('not_due');
    expect(await w.held()).toMatchObject({ files });
  });
});

describe('an attachment is changed while', () => {
  it('another client changes it: both changes are kept', async () => {
    const { fileId } = await a.published();
    meanwhile(() => rival.update(fileId, { filename: 'b.pdf' }));
    expect(await a.update(fileId, { visibility: 'private' })).toMatchObject({ outcome: 'updated' });
    expect(await a.find(fileId)).toMatchObject({ filename: 'b.pdf', visibility: 'private', revision: 3 });
  });

  it('another client changes it, which the caller has not seen: nothing is changed', async () => {
    const { fileId } = await a.published();
    meanwhile(() => rival.update(fileId, { filename: 'b.pdf' }));
    const outcome = await a.update(fileId, { filename: 'c.pdf' }, { seenRevision: 1 });
    expect(outcome).toEqual({ outcome: 'revision_differs', revision: 2 });
    expect(await a.find(fileId)).toMatchObject({ filename: 'b.pdf' });
  });

  it.each<[string, (fileId: string) => Promise<unknown>]>([
    ['deleted', (fileId) => rival.delete(fileId)],
    ['deleted and forgotten', (fileId) => rival.delete(fileId).then(() => rival.forget(fileId))],
  ])('it is %s: it stays absent', async (_what, act) => {
    const { fileId } = await a.published();
    meanwhile(() => act(fileId));
    expect(await a.update(fileId, { filename: 'b.pdf' })).toEqual({ outcome: 'absent' });
    expect((await a.find(fileId))?.status).not.toBe('ready');
  });
});

describe('the usage of an organization is set while', () => {
  it('a ticket is issued: it is stale', async () => {
    await a.issue();
    meanwhile(() => rival.issue({ bytes: 20 }));
    const counted = { organizationId: w.organizationId, seenVersion: 1, bytes: 0, files: 0 };
    expect(await w.store.setUsage(counted)).toEqual({ outcome: 'stale' });
    expect(await w.held()).toEqual({ bytes: 30, files: 2, openUploads: 2 });
  });
});
