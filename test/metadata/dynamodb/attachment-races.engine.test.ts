import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import { type AttachmentWorld, attachmentsOf } from '../contract/attachment-world.ts';
import { DAY, HOUR, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/**
 * A transition reads, decides and writes, and between its read and its write a rival does something. What the rival did
 * must count: the outcome is the one of the rival first, then the transition.
 */
let table: OpenedTable;
let rivalStore: DynamoDbMetadataStore;
beforeAll(async () => {
  table = await openTable();
  rivalStore = new DynamoDbMetadataStore({ client: table.connect(), tableName: table.tableName });
});
afterAll(() => table.close());

let w: World;
let a: AttachmentWorld;
/** The same world by another connection, which nothing intercepts. */
let rival: AttachmentWorld;
let restore = () => {};
beforeEach(() => {
  const store = new DynamoDbMetadataStore({ ...table, sleep: async () => {} });
  w = world(store, { bytes: 100, files: 10, openUploads: 3 });
  a = attachmentsOf(w);
  rival = attachmentsOf({ ...w, store: rivalStore });
});
afterEach(() => restore());

/** Lets the rival act once, just before the next write. */
function beforeTheWrite(act: () => Promise<unknown>): void {
  let acted = false;
  restore = intercept(table.client, async ({ operation, proceed }) => {
    if (!acted && /Write|Put|Update/.test(operation)) {
      acted = true;
      await act();
    }
    return proceed();
  });
}

const closeOrganization = () =>
  rivalStore.setOrganizationState({ organizationId: w.organizationId, state: 'erasing', limits: w.limits });
const close = (ownerId: string) => rivalStore.closeOwner({ organizationId: w.organizationId, ownerId });

describe('a ticket for an attachment is asked for while', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    ['the organization is closed', closeOrganization, { outcome: 'organization_closed', state: 'erasing' }],
    ['the caller is closed', () => close(w.userId), { outcome: 'organization_closed', state: 'erasing' }],
    [
      'the last bytes are taken',
      () => rival.issue({ by: 'bob', bytes: 95 }),
      { outcome: 'quota_exceeded', bytesFree: 5 },
    ],
    [
      'the last files are taken',
      () => rivalStore.setLimits({ organizationId: w.organizationId, bytesLimit: 100, filesLimit: 2 }),
      { outcome: 'quota_exceeded', filesFree: 0 },
    ],
    [
      'the caller opens one upload too many',
      () => rival.issue({ bytes: 0 }),
      { outcome: 'too_many_open', openUploads: 3 },
    ],
  ])('%s: it is refused', async (_what, act, refusal) => {
    await a.issue({ bytes: 0 });
    await a.issue({ bytes: 0 });
    beforeTheWrite(act);
    const upload = a.ticket();
    expect(await a.ask({ upload })).toMatchObject(refusal);
    expect(await w.store.getUpload(upload)).toBeUndefined();
  });

  it('the very same is issued, and takes the last of the quota: it is that ticket', async () => {
    const upload = a.ticket({ bytes: 100 });
    beforeTheWrite(() => rival.ask({ upload }));
    expect(await a.ask({ upload })).toMatchObject({ outcome: 'issued', upload });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('its request is answered, which takes the last of the quota: it is replayed', async () => {
    const request = w.request();
    const upload = a.ticket({ bytes: 100 });
    beforeTheWrite(() => rival.ask({ upload, request }));
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
    beforeTheWrite(act);
    expect(await a.publish(job)).toBe('superseded');
    expect(await a.find(job.uploadId)).toBeUndefined();
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('its lease is taken over: it is lost', async () => {
    const job = await a.started();
    const { uploadId } = job;
    const lapsed = { now: new Date(w.in(3 * HOUR)), leaseUntil: w.in(4 * HOUR) };
    beforeTheWrite(() => rivalStore.beginUpload({ uploadId, leaseId: 'rival', ...lapsed }));
    expect(await a.publish(job)).toBe('lost_lease');
    expect(await a.find(uploadId)).toBeUndefined();
  });

  it('its worker publishes it by another call: it is published, once', async () => {
    const job = await a.started();
    beforeTheWrite(() => rival.publish(job));
    expect(await a.publish(job)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 0 });
  });
});

describe('an attachment is deleted while', () => {
  it('someone else deletes it: its charge is given back once', async () => {
    const { fileId } = await a.published();
    beforeTheWrite(() => rival.delete(fileId, rival.asAdmin));
    expect(await a.delete(fileId)).toBe('deleted');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('it is changed: what was changed is deleted', async () => {
    const { fileId } = await a.published({ draft: true });
    beforeTheWrite(() => rival.update(fileId, { draft: false, filename: 'b.pdf' }));
    expect(await a.delete(fileId)).toBe('deleted');
    expect(await a.find(fileId)).toMatchObject({ status: 'deleting', draft: false, filename: 'b.pdf' });
  });

  it('it is removed altogether: there is none', async () => {
    const { fileId } = await a.published();
    beforeTheWrite(async () => {
      await rival.delete(fileId);
      await rival.forget(fileId);
    });
    expect(await a.delete(fileId)).toBe('absent');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it.each<[string, (fileId: string) => Promise<unknown>, number]>([
    ['the draft is sent: its end does not come', (fileId) => rival.update(fileId, { draft: false }), 1],
    ['the draft is deleted: its end has come', (fileId) => rival.delete(fileId), 0],
  ])('%s', async (_what, act, files) => {
    const { fileId } = await a.published({ draft: true });
    w.pass(DAY);
    beforeTheWrite(() => act(fileId));
    expect(await a.expireDraft(fileId)).toBe('not_due');
    expect(await w.held()).toMatchObject({ files });
  });
});

describe('an attachment is changed while', () => {
  it('someone else changes it: both changes are there', async () => {
    const { fileId } = await a.published();
    beforeTheWrite(() => rival.update(fileId, { filename: 'b.pdf' }));
    expect(await a.update(fileId, { visibility: 'private' })).toMatchObject({ outcome: 'updated' });
    expect(await a.find(fileId)).toMatchObject({ filename: 'b.pdf', visibility: 'private', revision: 3 });
  });

  it('someone else changes it, and that was not seen: it is told so', async () => {
    const { fileId } = await a.published();
    beforeTheWrite(() => rival.update(fileId, { filename: 'b.pdf' }));
    const outcome = await a.update(fileId, { filename: 'c.pdf' }, { seenRevision: 1 });
    expect(outcome).toEqual({ outcome: 'revision_differs', revision: 2 });
    expect(await a.find(fileId)).toMatchObject({ filename: 'b.pdf' });
  });

  it.each<[string, (fileId: string) => Promise<unknown>]>([
    ['deleted', (fileId) => rival.delete(fileId)],
    ['deleted and forgotten', (fileId) => rival.delete(fileId).then(() => rival.forget(fileId))],
  ])('it is %s: it is absent, and stays so', async (_what, act) => {
    const { fileId } = await a.published();
    beforeTheWrite(() => act(fileId));
    expect(await a.update(fileId, { filename: 'b.pdf' })).toEqual({ outcome: 'absent' });
    expect((await a.find(fileId))?.status).not.toBe('ready');
  });
});

describe('the usage of an organization is set while', () => {
  it('a ticket is issued: it is stale', async () => {
    await a.issue();
    beforeTheWrite(() => rival.issue({ bytes: 20 }));
    const counted = { organizationId: w.organizationId, seenVersion: 1, bytes: 0, files: 0 };
    expect(await w.store.setUsage(counted)).toEqual({ outcome: 'stale' });
    expect(await w.held()).toEqual({ bytes: 30, files: 2, openUploads: 2 });
  });
});
