import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { DAY, HOUR, type Job, MINUTE, type World, world } from '../contract/world.ts';
import { beforeTheWrite } from './before-the-write.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/*
 * What a rival does between the read and the write of a transition counts: the outcome is the one of the rival first,
 * then the transition.
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

function meanwhile(act: () => Promise<unknown>): void {
  restore = beforeTheWrite(table.client, act);
}

/** Takes the lease over, as another worker does once it lapsed. */
async function takeOver({ uploadId }: Job): Promise<void> {
  const lapsed = { now: new Date(w.in(3 * HOUR)), leaseUntil: w.in(4 * HOUR) };
  expect(await rival.beginUpload({ uploadId, leaseId: 'rival', ...lapsed })).toMatchObject({ outcome: 'begun' });
}

const closeOrganization = () =>
  rival.setOrganizationState({ organizationId: w.organizationId, state: 'erasing', limits: w.limits });
const close = (ownerId: string) => rival.closeOwner({ organizationId: w.organizationId, ownerId });
const deleteAvatar = () => rival.markAvatarDeleted({ avatar: w.user, access: w.asUser, now: w.now() });

/** Another ticket, of the same user for the same avatar by default. */
function another(upload = w.ticket(), request = {}) {
  const limits = { ...w.limits, pendingUploads: 3, sentUploads: 3 };
  return rival.issueUpload({ upload, access: w.asMember, limits, now: w.now(), ...request });
}

/** Publishes this job by the other connection. */
const publishBy = (job: Job) => rival.publishAvatar({ ...job, image: w.image(job), now: w.now() });

describe('a ticket is requested while', () => {
  it('another one for the avatar is issued: it gets the next generation', async () => {
    meanwhile(() => another());
    expect(await w.ask()).toMatchObject({ outcome: 'issued', upload: { generation: 2 } });
    expect(await w.held()).toEqual({ bytes: 20, files: 2, openUploads: 2 });
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['the organization is closed', closeOrganization, { outcome: 'organization_closed', state: 'erasing' }],
    ['the caller is closed', () => close('admin'), { outcome: 'organization_closed', state: 'erasing' }],
    ['the user is closed', () => close(w.userId), { outcome: 'organization_closed', state: 'erasing' }],
    [
      'the last bytes are reserved',
      () => another(w.ticket({ avatar: w.agent, bytes: 95, by: 'bob' })),
      { outcome: 'quota_exceeded', bytesFree: 5 },
    ],
    [
      'the last files are reserved',
      () => rival.setLimits({ organizationId: w.organizationId, bytesLimit: 100, filesLimit: 2 }),
      { outcome: 'quota_exceeded', filesFree: 0 },
    ],
    [
      'the caller opens one upload too many',
      () => another(w.ticket({ avatar: w.agent, by: 'admin' })),
      { outcome: 'too_many_open', cap: 'pending' },
    ],
  ])('%s: it is refused', async (_what, act, refusal) => {
    await w.issue({ avatar: w.agent, by: 'admin', bytes: 0 });
    await w.issue({ avatar: w.agent, by: 'admin', bytes: 0 });
    await w.abort((await w.issue({ avatar: w.agent, bytes: 0 })).uploadId);
    meanwhile(act);
    expect(await w.ask({ by: 'admin' })).toMatchObject(refusal);
    expect(await w.avatar()).toBeUndefined();
  });

  it('too many of the uploads that the caller has open are sent: it is refused', async () => {
    const uploads = await Promise.all(Array.from({ length: 3 }, () => w.issue({ avatar: w.anotherAgent() })));
    const [last = never(), ...others] = uploads;
    for (const { uploadId } of others) await w.markSent(uploadId);
    meanwhile(() => rival.markSent({ uploadId: last.uploadId, now: w.now() }));
    expect(await w.ask()).toEqual({ outcome: 'too_many_open', cap: 'sent' });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the organization', closeOrganization],
    ['the caller', () => close('admin')],
    ['the user', () => close(w.userId)],
  ])('%s, which had no record before, is closed: it is refused', async (_who, act) => {
    meanwhile(act);
    expect(await w.ask({ by: 'admin' })).toMatchObject({ outcome: 'organization_closed' });
    expect(await w.avatar()).toBeUndefined();
  });

  it('the avatar is bound to another organization: it is refused', async () => {
    meanwhile(() => rival.bindAgent({ agentId: w.agent.entityId, organizationId: randomUUID() }));
    expect(await w.ask({ avatar: w.agent })).toEqual({ outcome: 'not_allowed' });
    expect(await w.organization()).toBeUndefined();
  });

  it('the very same is issued, and reserves the last of the quota: it is that ticket', async () => {
    const upload = w.ticket({ bytes: 100 });
    meanwhile(() => another(upload));
    expect(await w.ask({ upload })).toMatchObject({ outcome: 'issued', upload: { generation: 1 } });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('the same request is made, and reserves the last of the quota: it is replayed', async () => {
    const request = w.request();
    const upload = w.ticket({ bytes: 100 });
    meanwhile(() => another(upload, { request }));
    expect(await w.ask({ bytes: 100, request })).toMatchObject({ outcome: 'replayed', uploadId: upload.uploadId });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('the image to render is deleted, or is being replaced: it is refused', async () => {
    await w.published();
    meanwhile(() => another());
    expect(await w.ask({ upload: w.renderTicket() })).toMatchObject({ outcome: 'upload_in_progress' });
    restore();
    await w.delete();
    await w.published();
    meanwhile(deleteAvatar);
    expect(await w.ask({ upload: w.renderTicket() })).toEqual({ outcome: 'nothing_to_render' });
  });
});

describe('a worker acts while', () => {
  it.each<[string, (job: Job) => Promise<unknown>, string]>([
    ['publishes', (job) => w.publish(job), 'lost_lease'],
    ['rejects', (job) => w.reject(job), 'lost_lease'],
    ['supersedes', (job) => w.supersede(job), 'lost_lease'],
    ['defers', (job) => w.defer(job), 'not_held'],
  ])('another one takes its lease over: it %s nothing', async (_what, act, outcome) => {
    const job = await w.started();
    meanwhile(() => takeOver(job));
    expect(await act(job)).toBe(outcome);
    expect(await w.upload(job.uploadId)).toMatchObject({ status: 'processing', leaseId: 'rival', attempts: 2 });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('another one takes the lease it wants: the upload is busy', async () => {
    const upload = await w.issue();
    const { uploadId } = upload;
    meanwhile(() => rival.beginUpload({ uploadId, leaseId: 'rival', leaseUntil: w.in(HOUR), now: w.now() }));
    expect(await w.begin(upload)).toEqual({ outcome: 'busy', leaseUntil: w.in(HOUR) });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('its upload is marked as sent: it is counted as sent once', async () => {
    const upload = await w.issue();
    meanwhile(() => rival.markSent({ uploadId: upload.uploadId, now: w.now() }));
    expect(await w.begin(upload)).toMatchObject({ outcome: 'begun' });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the avatar is deleted', deleteAvatar],
    ['the organization is closed', closeOrganization],
    ['the uploader is closed', () => close('admin')],
    ['the user is closed', () => close(w.userId)],
  ])('%s: its image is superseded', async (_what, act) => {
    const job = await w.started({ by: 'admin' });
    meanwhile(act);
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyGeneration: 0, chargedBytes: 0 });
    expect(await w.owner('admin')).toMatchObject({ sentUploads: 1 });
  });

  it('a newer image is published: its image is superseded', async () => {
    const [older, newer] = [await w.started(), await w.started()];
    meanwhile(() => publishBy(newer));
    expect(await w.publish(older)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyUploadId: newer.uploadId });
  });

  it('an older image is published: its own replaces that, whose charge is released', async () => {
    const [older, newer] = [await w.started({ bytes: 30 }), await w.started()];
    meanwhile(() => publishBy(older));
    expect(await w.publish(newer)).toBe('published');
    expect(await w.avatar()).toMatchObject({ readyUploadId: newer.uploadId, retired: [{ folder: older.uploadId }] });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 0 });
  });

  it('the files of an older version are removed: that version stays removed', async () => {
    for (let version = 1; version <= 3; version += 1) await w.published();
    const job = await w.started();
    w.pass(DAY);
    const due = await w.retired();
    meanwhile(() => rival.finishRemovals({ avatar: w.user, removed: due.slice(0, 1), now: w.now() }));
    expect(await w.publish(job)).toBe('published');
    expect(await w.retired()).toMatchObject([due[1], { removeAt: w.in(DAY) }]);
  });

  it('the image it replaces is deleted: the charge of that is released once', async () => {
    await w.published({ bytes: 30 });
    const job = await w.started();
    meanwhile(deleteAvatar);
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });
});

describe('a pending upload ends while', () => {
  it('its processing begins: it does not end', async () => {
    const { uploadId } = await w.issue();
    meanwhile(() => rival.beginUpload({ uploadId, leaseId: 'rival', now: w.now(), leaseUntil: w.in(HOUR) }));
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'finished', upload: { status: 'processing' } });
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it('it is signed again: it does not expire', async () => {
    const { uploadId } = await w.issue();
    w.pass(2 * HOUR);
    const deadlines = { urlExpiresAt: w.in(HOUR), acceptUntil: w.in(2 * HOUR) };
    meanwhile(() => rival.renewTicket({ uploadId, now: w.now(), ...deadlines }));
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it.each<[string, (uploadId: string) => Promise<unknown>, unknown]>([
    ['aborted', (uploadId) => w.abort(uploadId), expect.objectContaining({ outcome: 'aborted' })],
    ['superseded', (uploadId) => w.supersedePending(uploadId), 'not_pending'],
  ])('its bytes arrive: it is counted as sent, or not at all once it is %s', async (_end, act, outcome) => {
    const { uploadId } = await w.issue();
    meanwhile(() => rival.markSent({ uploadId, now: w.now() }));
    expect(await act(uploadId)).toEqual(outcome);
    const { openUploads } = await w.held();
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: openUploads });
  });
});

describe('an avatar is deleted while', () => {
  it('an image is published: that image is deleted as well, and its charge released', async () => {
    const job = await w.started();
    meanwhile(() => publishBy(job));
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2, isPurgeDue: true });
    expect(await w.retired()).toMatchObject([{ folder: job.uploadId, pass: 'first' }]);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('a ticket is issued: that ticket is superseded', async () => {
    await w.published();
    meanwhile(() => another());
    expect(await w.delete()).toMatchObject({ outcome: 'deleted', deletedGeneration: 3 });
  });

  it('another client deletes it: nothing is left to delete', async () => {
    await w.published();
    meanwhile(deleteAvatar);
    expect(await w.delete()).toEqual({ outcome: 'absent' });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });
});

describe('removed versions are recorded while', () => {
  it('another sweep records them: there is nothing left to do', async () => {
    await w.published();
    await w.delete();
    const removed = await w.retired();
    meanwhile(() => rival.finishRemovals({ avatar: w.user, removed, now: w.now() }));
    expect(await w.remove(removed)).toBe('stale');
    expect(await w.retired()).toMatchObject([{ pass: 'second' }]);
  });

  it('another image is published and deleted: that one is still to be removed', async () => {
    const first = await w.published();
    await w.delete();
    const removed = await w.retired();
    const later = await w.started();
    meanwhile(() => publishBy(later).then(deleteAvatar));
    expect(await w.remove(removed)).toBe('finished');
    expect(await w.retired()).toMatchObject([
      { folder: first.uploadId, pass: 'second' },
      { folder: later.uploadId, pass: 'first' },
    ]);
  });

  it('an image is published at the last moment: the record does not expire', async () => {
    await w.published();
    await w.delete();
    await w.removeDue();
    w.pass(HOUR);
    const job = await w.started();
    meanwhile(() => publishBy(job));
    expect(await w.removeDue()).toBe('finished');
    expect(await w.avatar()).toMatchObject({ readyUploadId: job.uploadId });
    expect(await w.avatar()).not.toHaveProperty('expiresAt');
  });
});

describe('work that is due is moved while', () => {
  it.each<[string, (uploadId: string, seenWorkAt: string) => Promise<unknown>]>([
    ['sent again', (uploadId, seenWorkAt) => w.redrive(uploadId, seenWorkAt)],
    ['postponed', (uploadId, workAt) => w.postpone({ kind: 'upload', uploadId, workAt })],
  ])('another sweep moves it: it is not %s', async (_what, act) => {
    const { uploadId } = await w.issue();
    w.pass(2 * HOUR);
    const seenWorkAt = (await w.upload(uploadId))?.workAt ?? '';
    meanwhile(() => rival.redriveUpload({ uploadId, seenWorkAt, giveUpAfter: DAY, now: w.now() }));
    expect(await act(uploadId, seenWorkAt)).toBe('stale');
    expect(await w.upload(uploadId)).toMatchObject({ workAt: w.in(15 * MINUTE) });
  });

  it('another worker cleans up: the clean-up is finished once', async () => {
    const job = await w.ended(w.reject);
    const cleaned = { uploadId: job.uploadId, pass: 'first', now: w.now() } as const;
    meanwhile(() => rival.finishCleanUp(cleaned));
    expect(await w.finishCleanUp(job.uploadId, 'first')).toBe('stale');
  });
});

describe('an organization is changed while', () => {
  it('its limits are moved by another client: what is held stays held', async () => {
    await w.issue({ bytes: 10 });
    meanwhile(() => rival.setLimits({ organizationId: w.organizationId, bytesLimit: 50, filesLimit: 5 }));
    expect(await w.setLimits({ bytesLimit: 70, filesLimit: 7 })).toMatchObject({ bytesFree: 60, filesFree: 6 });
  });

  it('it is created: what it holds is kept', async () => {
    meanwhile(() => another());
    await w.setLimits({ bytesLimit: 70, filesLimit: 7 });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
    restore();
    const late = world(w.store);
    meanwhile(() => rival.setLimits({ organizationId: late.organizationId, bytesLimit: 5, filesLimit: 5 }));
    expect(await late.setState('paused')).toBe('set');
    expect(await late.organization()).toMatchObject({ bytesLimit: 5, state: 'paused', version: 2 });
  });

  it('it is closed for good: it cannot be paused', async () => {
    await w.issue();
    meanwhile(closeOrganization);
    expect(await w.setState('paused')).toBe('closed');
    expect(await w.organization()).toMatchObject({ state: 'erasing' });
  });
});

function never(): never {
  throw new Error('expected a ticket');
}
