import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteRecordStore } from '../../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { ATTACHMENT_TABLES, COLUMN_TABLES } from '../../../../shared/metadata/sqlite/steps/column-tables.ts';

const AVATAR = {
  entityType: 'users',
  entityId: 'ada',
  organizationId: 'acme',
  generation: 2,
  claimedGeneration: 1,
  readyGeneration: 1,
  deletedGeneration: 0,
  chargedBytes: 10,
  image: '{"readyUploadId":"one","original":{"key":"avatars/users/ada/original.png"}}',
};
const RENDER = {
  uploadId: 'two',
  kind: 'render',
  organizationId: 'acme',
  ownerId: 'ada',
  entityType: 'users',
  entityId: 'ada',
  generation: 2,
  status: 'pending',
  attempts: 0,
  createdAt: '2026-11-01T10:00:00.000Z',
  workAt: '2026-11-01T10:01:00.000Z',
};
const OWNER = { organizationId: 'acme', ownerId: 'ada', openUploads: 1, state: 'erasing' };

describe('the step from columns to documents', () => {
  let folder: string;
  let path: string;
  let database: DatabaseSync;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metadata-'));
    path = join(folder, 'metadata.db');
    database = new DatabaseSync(path);
    database.exec(`${COLUMN_TABLES} ${ATTACHMENT_TABLES} PRAGMA user_version = 2`);
    insert('uploads', RENDER);
    insert('owners', OWNER);
  });
  afterEach(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });

  const insert = (table: string, row: Record<string, string | number>) => {
    const columns = Object.keys(row);
    database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map((name) => `:${name}`)})`).run(row);
  };

  it('finds the source of an open render in its avatar, and counts it as sent', async () => {
    insert('avatars', AVATAR);
    const store = new SqliteRecordStore({ path });
    const keys = [
      { kind: 'upload', uploadId: 'two' },
      { kind: 'owner', organizationId: 'acme', ownerId: 'ada' },
    ] as const;
    expect(await store.read(keys)).toEqual([
      expect.objectContaining({ source: { uploadId: 'one', key: 'avatars/users/ada/original.png' } }),
      { organizationId: 'acme', ownerId: 'ada', pendingUploads: 0, sentUploads: 1, state: 'erasing' },
    ]);
    expect(await store.openUploads({ organizationId: 'acme', ownerId: 'ada' })).toMatchObject([{ uploadId: 'two' }]);
    store.close();
  });

  it('leaves the database as it was if one record cannot be read', () => {
    insert('avatars', { ...AVATAR, image: '{"readyUploadId":' });
    expect(() => new SqliteRecordStore({ path })).toThrow(SyntaxError);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
    expect(database.prepare('SELECT uploadId, status FROM uploads').all()).toEqual([
      { uploadId: 'two', status: 'pending' },
    ]);
  });

  it('is done once: the next opening keeps what was written since', async () => {
    const first = new SqliteRecordStore({ path });
    const switches = { uploadsPaused: true, reason: 'moving' };
    await first.commit([{ key: { kind: 'switches' }, seen: undefined, next: switches, uses: [] }]);
    first.close();
    const second = new SqliteRecordStore({ path });
    expect(await second.read([{ kind: 'switches' }])).toEqual([switches]);
    second.close();
  });
});
