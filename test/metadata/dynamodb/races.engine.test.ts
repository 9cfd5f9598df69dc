import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import type { MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { HOUR, type Job, type World, world } from '../contract/world.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

/**
 * A transition reads, decides and writes, and between its read and its write a rival does something. What the rival did
 * must count: the outcome is the one of the rival first, then the transition.
 */
let table: OpenedTable;
let rival: MetadataStore;
beforeAll(async () => {
  table = await openTable();
  rival = new DynamoDbMetadataStore({ client: table.connect(), tableName: table.tableName });
});
afterAll(() => table.close());

let w: World;
let restore = () => {};
beforeEach(() => {
  w = world(new DynamoDbMetadataStore({ ...table, sleep: async () => {} }), { bytes: 100, files: 10, openUploads: 3 });
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

/** Takes the lease over, as another worker does once it lapsed. */
async function takeOver({ uploadId }: Job): Promise<void> {
  const lapsed = { now: new Date(w.in(3 * HOUR)), leaseUntil: w.in(4 * HOUR) };
  expect(await rival.beginUpload({ uploadId, leaseId: 'rival', ...lapsed })).toMatchObject({ outcome: 'begun' });
}

const closeOrganization = () => rival.setOrganizationState({ ...w, state: 'erasing', limits: LIMITS });
const close = (ownerId: string) => rival.closeOwner({ organizationId: w.organizationId, ownerId });
const deleteAvatar = () => rival.markAvatarDeleted({ avatar: w.user, access: w.asUser, now: w.now() });
const LIMITS = { organizationBytes: 100, organizationFiles: 10 };

/** Another ticket, of the same user for the same avatar if nothing else is said. */
function another(upload = w.ticket(), access = w.asMember) {
  return rival.issueUpload({ upload, access, limits: { ...LIMITS, openUploadsPerOwner: 3 }, now: w.now() });
}

async function claimed(asked = {}): Promise<Job> {
  const job = await w.started(asked);
  await w.claim(job);
  return job;
}

describe('a ticket is asked for while', () => {
  it('another one for the avatar is issued: it gets the next generation', async () => {
    beforeTheWrite(() => another());
    expect(await w.ask()).toMatchObject({ outcome: 'issued', upload: { generation: 2 } });
    expect(await w.held()).toEqual({ bytes: 20, files: 2, openUploads: 2 });
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['the organization is closed', closeOrganization, { outcome: 'organization_closed', state: 'erasing' }],
    ['the caller is closed', () => close('admin'), { outcome: 'organization_closed', state: 'erasing' }],
    ['the user is closed', () => close(w.userId), { outcome: 'organization_closed', state: 'erasing' }],
    [
      'the last bytes are taken',
      () => another(w.ticket({ avatar: w.agent, bytes: 95, by: 'bob' })),
      { outcome: 'quota_exceeded', bytesFree: 5 },
    ],
    [
      'the last files are taken',
      () => rival.setLimits({ organizationId: w.organizationId, bytesLimit: 100, filesLimit: 2 }),
      { outcome: 'quota_exceeded', filesFree: 0 },
    ],
    [
      'the caller opens one upload too many',
      () => another(w.ticket({ avatar: w.agent, by: 'admin' })),
      { outcome: 'too_many_open', openUploads: 3 },
    ],
  ])('%s: it is refused', async (_what, act, refusal) => {
    await w.issue({ avatar: w.agent, by: 'admin', bytes: 0 });
    await w.issue({ avatar: w.agent, by: 'admin', bytes: 0 });
    await w.abort((await w.issue({ avatar: w.agent, bytes: 0 })).uploadId);
    beforeTheWrite(act);
    expect(await w.ask({ by: 'admin' })).toMatchObject(refusal);
    expect(await w.avatar()).toBeUndefined();
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['the organization is closed', closeOrganization, { outcome: 'organization_closed' }],
    ['the caller is closed', () => close('admin'), { outcome: 'organization_closed' }],
    ['the user is closed', () => close(w.userId), { outcome: 'organization_closed' }],
  ])('%s, all of which did not exist before: it is refused', async (_what, act, refusal) => {
    beforeTheWrite(act);
    expect(await w.ask({ by: 'admin' })).toMatchObject(refusal);
    expect(await w.avatar()).toBeUndefined();
  });

  it('the avatar is bound to another organization: it is refused', async () => {
    beforeTheWrite(() => rival.bindAgent({ agentId: w.agent.entityId, organizationId: randomUUID() }));
    expect(await w.ask({ avatar: w.agent })).toEqual({ outcome: 'not_allowed' });
    expect(await w.organization()).toBeUndefined();
  });

  it('the very same is issued, and takes the last of the quota: it is that ticket', async () => {
    const upload = w.ticket({ bytes: 100 });
    beforeTheWrite(() => another(upload));
    expect(await w.ask({ upload })).toMatchObject({ outcome: 'issued', upload: { generation: 1 } });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('its request is answered, which takes the last of the quota: it is replayed', async () => {
    const request = w.request();
    const upload = w.ticket({ bytes: 100 });
    const limits = { ...LIMITS, openUploadsPerOwner: 3 };
    beforeTheWrite(() => rival.issueUpload({ upload, access: w.asUser, request, limits, now: w.now() }));
    expect(await w.ask({ bytes: 100, request })).toMatchObject({ outcome: 'replayed', uploadId: upload.uploadId });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('a picture to render is deleted, or replaced: it is refused', async () => {
    await w.published();
    beforeTheWrite(() => another());
    expect(await w.ask({ upload: w.renderTicket() })).toMatchObject({ outcome: 'upload_in_progress' });
    restore();
    await w.delete();
    await w.published();
    beforeTheWrite(deleteAvatar);
    expect(await w.ask({ upload: w.renderTicket() })).toEqual({ outcome: 'nothing_to_render' });
  });
});

describe('a worker acts while', () => {
  it.each<[string, (job: Job) => Promise<unknown>]>([
    ['claims', (job) => w.claim(job)],
    ['publishes', (job) => w.publish(job)],
    ['rejects', (job) => w.reject(job)],
    ['rejects what was not written', (job) => w.reject(job, { nothingWritten: true })],
    ['supersedes', (job) => w.supersede(job)],
    ['releases', (job) => w.release(job)],
  ])('its lease is taken over: whoever %s has lost it', async (_what, act) => {
    const job = await claimed();
    beforeTheWrite(() => takeOver(job));
    expect(await act(job)).toBe('lost_lease');
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'processing', leaseId: 'rival', attempts: 2 });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('a newer generation is claimed: its claim is superseded', async () => {
    const older = await w.started();
    const newer = await w.started();
    beforeTheWrite(() => rival.claimAvatar({ ...newer, now: w.now() }));
    expect(await w.claim(older)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ claimedGeneration: 2 });
  });

  it('the avatar is deleted: its claim is superseded', async () => {
    const job = await w.started();
    beforeTheWrite(deleteAvatar);
    expect(await w.claim(job)).toBe('superseded');
  });

  it('it is claimed after all: its rejection waits', async () => {
    const job = await w.started();
    beforeTheWrite(() => rival.claimAvatar({ ...job, now: w.now() }));
    expect(await w.reject(job)).toBe('claimed');
  });

  it.each<[string, (job: Job) => Promise<unknown>]>([
    ['the avatar is deleted', deleteAvatar],
    ['the organization is closed', closeOrganization],
    ['the uploader is closed', () => close('admin')],
    ['the user is closed', () => close(w.userId)],
    [
      'a newer generation is claimed',
      async () => {
        const { uploadId } = await another().then((issued) => (issued.outcome === 'issued' ? issued.upload : never()));
        const lease = { uploadId, leaseId: 'newer', now: w.now() };
        await rival.beginUpload({ ...lease, leaseUntil: w.in(HOUR) });
        expect(await rival.claimAvatar(lease)).toBe('claimed');
      },
    ],
  ])('%s: its publication is superseded', async (_what, act) => {
    const job = await claimed({ by: 'admin' });
    beforeTheWrite(() => act(job));
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyGeneration: 0, chargedBytes: 0 });
    expect(await w.owner('admin')).toMatchObject({ openUploads: 1 });
  });

  it('the picture it replaces is deleted: its charge is given back once', async () => {
    await w.published({ bytes: 30 });
    const job = await claimed();
    beforeTheWrite(deleteAvatar);
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });
});

describe('a pending upload ends while', () => {
  it('its processing begins: it does not end', async () => {
    const upload = await w.issue();
    const lease = { uploadId: upload.uploadId, leaseId: 'rival', now: w.now(), leaseUntil: w.in(HOUR) };
    beforeTheWrite(() => rival.beginUpload(lease));
    expect(await w.abort(upload.uploadId)).toEqual({ outcome: 'finished', status: 'processing' });
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it('it is signed again: it does not expire', async () => {
    const { uploadId } = await w.issue();
    w.pass(2 * HOUR);
    beforeTheWrite(() =>
      rival.renewTicket({ uploadId, now: w.now(), urlExpiresAt: w.in(HOUR), acceptUntil: w.in(2 * HOUR) }),
    );
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it('it is signed again: it is aborted as it was signed last', async () => {
    const { uploadId } = await w.issue();
    const signed = { urlExpiresAt: w.in(HOUR), acceptUntil: w.in(2 * HOUR) };
    beforeTheWrite(() => rival.renewTicket({ uploadId, now: w.now(), ...signed }));
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'aborted', upload: signed });
    expect(await w.store.getUpload({ uploadId })).toMatchObject({ status: 'aborted', ...signed });
  });
});

describe('an avatar is deleted while', () => {
  it('a picture is published: that picture goes as well, with its charge', async () => {
    const job = await claimed();
    beforeTheWrite(() => rival.publishAvatar({ ...job, image: w.image(), now: w.now() }));
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 2 });
    expect(await w.avatar()).toMatchObject({ readyGeneration: 0, chargedBytes: 0 });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('a ticket is issued: that ticket is outrun', async () => {
    await w.published();
    beforeTheWrite(() => another());
    expect(await w.delete()).toEqual({ outcome: 'deleted', deletedGeneration: 3 });
  });

  it('it is deleted by someone else: nothing is left to delete', async () => {
    await w.published();
    beforeTheWrite(deleteAvatar);
    expect(await w.delete()).toEqual({ outcome: 'absent' });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });
});

describe('a purge advances while', () => {
  it('the avatar is deleted again: it is stale', async () => {
    await w.published();
    await w.delete();
    await w.issue();
    beforeTheWrite(deleteAvatar);
    expect(await w.purge('first', 2)).toBe('stale');
    expect(await w.avatar()).toMatchObject({ purge: 'first', deletedGeneration: 4 });
  });

  it('someone else advances it: it is stale', async () => {
    await w.published();
    await w.delete();
    const purge = { avatar: w.user, pass: 'first', deletedGeneration: 2, now: w.now() } as const;
    beforeTheWrite(() => rival.advancePurge(purge));
    expect(await w.purge('first', 2)).toBe('stale');
  });
});

describe('an organization is changed while', () => {
  it('its limits are moved by someone else: what is held stays held', async () => {
    await w.issue({ bytes: 10 });
    beforeTheWrite(() => rival.setLimits({ organizationId: w.organizationId, bytesLimit: 50, filesLimit: 5 }));
    expect(await w.setLimits({ bytesLimit: 70, filesLimit: 7 })).toMatchObject({ bytesFree: 60, filesFree: 6 });
  });

  it('it is created: what it holds is kept', async () => {
    beforeTheWrite(() => another());
    await w.setLimits({ bytesLimit: 70, filesLimit: 7 });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
    restore();
    const late = world(w.store);
    beforeTheWrite(() => rival.setLimits({ organizationId: late.organizationId, bytesLimit: 5, filesLimit: 5 }));
    expect(await late.setState('paused')).toBe('set');
    expect(await late.organization()).toMatchObject({ bytesLimit: 5, state: 'paused', version: 2 });
  });

  it('it is closed for good: it cannot be paused', async () => {
    await w.issue();
    beforeTheWrite(closeOrganization);
    expect(await w.setState('paused')).toBe('closed');
    expect(await w.organization()).toMatchObject({ state: 'erasing' });
  });
});

function never(): never {
  throw new Error('expected a ticket');
}
