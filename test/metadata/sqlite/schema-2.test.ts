import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';

type Records = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const FIXTURE = join(import.meta.dirname, '../../fixtures/folder-of-schema-2');
const NOON = new Date('2026-11-01T12:00:00.000Z');

describe('the database of a folder of schema 2', () => {
  let folder: string;
  let records: SqliteRecordStore;
  let store: MetadataStore;
  /** Its records, as the release that wrote them returned them. */
  let before: Readonly<Record<'organizations' | 'owners' | 'avatars' | 'attachments' | 'uploads', Records>> & {
    readonly due: readonly unknown[];
    readonly idempotentRequest: Readonly<Record<'keyDigest' | 'requestDigest' | 'uploadId' | 'expiresAt', string>>;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'folder-'));
    await promisify(execFile)('tar', ['-xzf', join(FIXTURE, 'folder.tar.gz'), '-C', folder]);
    before = JSON.parse(await readFile(join(FIXTURE, 'contents.json'), 'utf8'));
    records = new SqliteRecordStore({ path: join(folder, 'folder/.service/metadata.sqlite') });
    store = createMetadataStore(records);
  });
  afterAll(async () => {
    records.close();
    await rm(folder, { recursive: true });
  });

  const user = (entityId: string) => store.getAvatar({ entityType: 'users', entityId });
  const upload = (name: string) => store.getUpload({ uploadId: String(before.uploads[name]?.uploadId) });

  it('keeps organizations and attachments as they were', async () => {
    for (const organization of Object.values(before.organizations)) {
      const organizationId = String(organization.organizationId);
      expect(await store.getOrganization({ organizationId })).toEqual(organization);
    }
    for (const attachment of Object.values(before.attachments)) {
      expect(await store.getAttachment({ fileId: String(attachment.fileId) })).toEqual(attachment);
    }
  });

  it('keeps every field of the uploads', async () => {
    for (const [name, was] of Object.entries(before.uploads)) expect(await upload(name), name).toMatchObject(was);
  });

  it('counts a lease for each upload that a worker had, and takes its bytes as seen', async () => {
    const { createdAt } = before.uploads.eveSecond ?? {};
    expect(await upload('eveSecond')).toMatchObject({
      status: 'processing',
      attempts: 1,
      leases: 1,
      sentAt: createdAt,
    });
    expect(await upload('kimRejected')).toMatchObject({ status: 'rejected', attempts: 1, leases: 1 });
    for (const never of ['leoExpired', 'fayOpen', 'gusSent']) {
      expect(await upload(never)).toMatchObject({ attempts: 0, leases: 0 });
      expect(await upload(never)).not.toHaveProperty('sentAt');
    }
  });

  it('lets finished uploads expire, without a clean-up', async () => {
    const finished = await upload('adaFirst');
    expect(finished).toMatchObject({ expiresAt: '2026-12-06T10:01:00.000Z' });
    expect(finished).not.toHaveProperty('workAt');
    expect(finished).not.toHaveProperty('cleanUp');
  });

  it('names the published version as the source of a render', async () => {
    expect(await upload('bobCrop')).toMatchObject({
      kind: 'render',
      sentAt: before.uploads.bobCrop?.createdAt,
      source: { uploadId: before.uploads.bobCrop?.uploadId, key: 'avatars/users/bob/original.jpg' },
    });
  });

  it('shows the published images from where their files are', async () => {
    const { image, claimedGeneration, ownerId, ...ada } = before.avatars.ada as Record<string, never>;
    const { readyUploadId, original, ...rest } = image as unknown as Record<string, Record<string, never>>;
    const { key, ...stored } = original as Record<string, never>;
    expect(await user('ada')).toEqual({ ...ada, readyUploadId, image: { folder: '', original: stored, ...rest } });
  });

  it('continues the removal of a deleted avatar, of every file that it may have left', async () => {
    const due = { folder: '', removeAt: '2026-11-01T11:59:20.000Z', pass: 'first' };
    expect(await user('cat')).toMatchObject({ readyGeneration: 0, deletedGeneration: 2, workAt: due.removeAt });
    expect((await user('cat'))?.retired).toEqual([
      { ...due, original: 'jpg' },
      ...['png', 'webp', 'gif', 'avif'].map((original) => ({ ...due, original, thumbnails: [] })),
    ]);
  });

  it('removes no file of the image that was published after a delete', async () => {
    const due = { folder: '', removeAt: '2026-11-01T11:59:30.000Z', pass: 'second' };
    expect(await user('dan')).toMatchObject({
      image: { original: { contentType: 'image/png' } },
      workAt: due.removeAt,
    });
    expect((await user('dan'))?.retired).toEqual(
      ['jpg', 'webp', 'gif', 'avif'].map((original) => ({ ...due, original, thumbnails: [] })),
    );
  });

  it('removes originals that a worker may have written beside the image before it was killed', async () => {
    const latest = String(before.uploads.gusSent?.createdAt);
    const eve = await user('eve');
    expect(eve).toMatchObject({ readyGeneration: 1, generation: 2, workAt: latest });
    expect(eve?.retired?.map(({ original }) => original)).toEqual(['jpg', 'webp', 'gif', 'avif']);
  });

  it('counts the open uploads of each person by whether their bytes were seen', async () => {
    const ownerOf = (ownerId: string) => store.getOwner({ organizationId: 'acme', ownerId });
    const owner = { organizationId: 'acme', pendingUploads: 0, sentUploads: 0, state: 'active' };
    expect(await ownerOf('ada')).toEqual({ ...owner, ownerId: 'ada' });
    expect(await ownerOf('eve')).toEqual({ ...owner, ownerId: 'eve', sentUploads: 1 });
    expect(await ownerOf('fay')).toEqual({ ...owner, ownerId: 'fay', pendingUploads: 1 });
    expect(await ownerOf('gus')).toEqual({ ...owner, ownerId: 'gus', pendingUploads: 1 });
  });

  it('holds what the quota says', async () => {
    for (const organization of Object.values(before.organizations)) {
      const { organizationId, bytesLimit, bytesFree, filesLimit, filesFree } = organization as Record<string, number>;
      expect(await store.countUsage({ organizationId: String(organizationId) })).toEqual({
        bytes: Number(bytesLimit) - Number(bytesFree),
        files: Number(filesLimit) - Number(filesFree),
      });
    }
  });

  it('knows the idempotency keys, and has no switch set', async () => {
    const { keyDigest, requestDigest, uploadId, expiresAt } = before.idempotentRequest;
    const request = { keyDigest, requestDigest, uploadId, expiresAt };
    expect(await records.read([{ kind: 'request', keyDigest }])).toEqual([request]);
    expect(await store.getSwitches()).toEqual({ uploadsPaused: false });
  });

  it('has the same work due, and the removal of what was never published', async () => {
    const { items } = await store.dueWork({ shard: 0, now: NOON, limit: 100 });
    const subjects = items.map((item) => (item.kind === 'avatar' ? item.entityId : item.kind));
    expect(subjects).toEqual(expect.arrayContaining(['cat', 'dan', 'attachment', 'eve']));
    expect(items).toHaveLength(before.due.length + 1);
  });
});
