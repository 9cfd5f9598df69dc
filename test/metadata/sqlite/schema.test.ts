import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';

const NOW = new Date('2026-11-01T04:00:00.000Z');
const LATER = '2026-11-01T06:00:00.000Z';

describe('a database of the release before attachments', () => {
  let folder: string;
  let path: string;
  let records: SqliteRecordStore;
  let store: MetadataStore;
  const open = () => {
    records = new SqliteRecordStore({ path });
    store = createMetadataStore(records);
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metadata-'));
    path = join(folder, 'metadata.db');
    const database = new DatabaseSync(path);
    database.exec(await readFile(join(import.meta.dirname, 'version-1.sql'), 'utf8'));
    database.close();
    open();
  });
  afterEach(async () => {
    records.close();
    await rm(folder, { recursive: true });
  });

  const issue = (uploadId: string, request?: { keyDigest: string; requestDigest: string; expiresAt: string }) =>
    store.issueUpload({
      upload: {
        kind: 'attachment',
        uploadId,
        ownerId: 'ada',
        key: temporaryKey(uploadId),
        method: 'PUT',
        contentType: 'text/plain',
        contentLength: 7,
        filename: 'notes.txt',
        visibility: 'organization',
        draft: false,
        keepMetadata: false,
        createdAt: NOW.toISOString(),
        urlExpiresAt: LATER,
        acceptUntil: LATER,
      },
      organizationId: 'acme',
      ...(request && { request }),
      limits: { organizationBytes: 1_000, organizationFiles: 10, pendingUploads: 5, sentUploads: 5 },
      now: NOW,
    });

  it('keeps all it holds', async () => {
    const crop = { x: 0.25, y: 0, size: 0.5 };
    const avatar = { entityType: 'users', entityId: 'ada' } as const;
    const sent = { kind: 'avatar', avatar, organizationId: 'acme', ownerId: 'ada' };
    expect(await store.getUpload({ uploadId: 'published' })).toMatchObject({ ...sent, crop, generation: 1, leases: 1 });
    expect(await store.getUpload({ uploadId: 'pending' })).toEqual({
      ...sent,
      uploadId: 'pending',
      generation: 2,
      key: 'temp/uploads/pending',
      method: 'POST',
      contentType: 'image/png',
      contentLength: 20,
      urlExpiresAt: '2026-11-01T04:00:00.000Z',
      acceptUntil: '2026-11-01T05:00:00.000Z',
      status: 'pending',
      attempts: 0,
      leases: 0,
      createdAt: '2026-11-01T03:00:00.000Z',
      workAt: '2026-11-01T05:00:00.000Z',
    });
    const published = { generation: 2, readyUploadId: 'published', image: { folder: '', crop } };
    expect(await store.getAvatar(avatar)).toMatchObject(published);
    expect(await store.getSwitches()).toEqual({ uploadsPaused: true, reason: 'moving' });
    expect(await store.countUsage({ organizationId: 'acme' })).toEqual({ bytes: 120, files: 2 });
    expect(await store.getOrganization({ organizationId: 'acme' })).toMatchObject({ bytesFree: 880, filesFree: 8 });
    expect(await store.getOwner({ organizationId: 'acme', ownerId: 'ada' })).toMatchObject({ pendingUploads: 1 });
  });

  it('continues: open uploads can end, due work is due, and idempotency keys are known', async () => {
    const request = { keyDigest: 'key', requestDigest: 'request', expiresAt: LATER };
    expect(await issue('again', request)).toMatchObject({ outcome: 'replayed', uploadId: 'pending' });
    const due = await store.dueWork({ shard: 0, now: new Date(LATER), limit: 10 });
    expect(due.items).toEqual([{ kind: 'upload', uploadId: 'pending', workAt: '2026-11-01T05:00:00.000Z' }]);
    expect(await store.abortUpload({ uploadId: 'pending', now: NOW })).toMatchObject({ outcome: 'aborted' });
    expect(records.removeExpired({ now: new Date('2026-12-06T02:00:00.000Z') })).toBe(2);
  });

  it('accepts attachments, and keeps them when it is opened again', async () => {
    expect(await issue('first')).toMatchObject({ outcome: 'issued' });
    const lease = { uploadId: 'first', leaseId: 'lease', now: NOW };
    await store.beginUpload({ ...lease, leaseUntil: LATER });
    const file = { key: temporaryKey('first'), eTag: 'e', contentType: 'text/plain', size: 7, metadataStripped: false };
    expect(await store.publishAttachment({ ...lease, file })).toBe('published');
    const before = await store.getAttachment({ fileId: 'first' });
    records.close();
    open();
    expect(await store.getAttachment({ fileId: 'first' })).toEqual(before);
    expect(await store.getUpload({ uploadId: 'pending' })).toMatchObject({ generation: 2 });
  });
});
