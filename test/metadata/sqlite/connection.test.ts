import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DependencyUnavailableError, InvalidConfigurationError } from '../../../shared/errors.ts';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { world } from '../contract/world.ts';

describe('an SQLite file of metadata', () => {
  let folder: string;
  let path: string;
  const opened: SqliteRecordStore[] = [];
  const openRecords = (): SqliteRecordStore => {
    const records = new SqliteRecordStore({ path });
    opened.push(records);
    return records;
  };
  const open = () => createMetadataStore(openRecords());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metadata-'));
    path = join(folder, 'metadata.db');
  });
  afterEach(async () => {
    for (const records of opened.splice(0)) records.close();
    await rm(folder, { recursive: true });
  });

  it('holds everything after it was closed and opened again', async () => {
    const records = openRecords();
    const before = createMetadataStore(records);
    const w = world(before);
    const job = await w.published();
    await w.issue({ request: w.request() });
    const seen = [await before.getUpload(job), await w.everything()];
    records.close();

    const after = open();
    expect([await after.getUpload(job), await after.getAvatar(w.user)]).toMatchObject([
      { status: 'ready' },
      { readyGeneration: 1, readyUploadId: job.uploadId },
    ]);
    const found = [
      await after.getOrganization(w),
      await after.getOwner({ organizationId: w.organizationId, ownerId: w.userId }),
      await after.getAvatar(w.user),
    ];
    expect([await after.getUpload(job), found]).toEqual(seen);
  });

  it('starts with uploads that are not paused', async () => {
    expect(await open().getSwitches()).toEqual({ uploadsPaused: false });
  });

  it('shows what one connection committed to another one', async () => {
    const [one, another] = [open(), open()];
    const w = world(one);
    const upload = await w.issue();
    expect(await another.getUpload(upload)).toEqual(upload);
    expect(await another.abortUpload({ uploadId: upload.uploadId, now: w.now() })).toMatchObject({
      outcome: 'aborted',
    });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('has a write-ahead log, so that readers never wait for a writer', () => {
    open();
    const database = new DatabaseSync(path);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  it('of a newer release is refused, and stays as it is', () => {
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(open).toThrow(InvalidConfigurationError);
    expect(open).toThrow(/schema version 99/);
    const untouched = new DatabaseSync(path);
    expect(untouched.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    expect(untouched.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()).toEqual({ tables: 0 });
    untouched.close();
  });

  it('can be read while another process writes to it, but no transition changes anything', async () => {
    const store = open();
    const w = world(store, { bytes: 100 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const undecided = w.issue();
    await expect(undecided).rejects.toBeInstanceOf(DependencyUnavailableError);
    await expect(undecided).rejects.toMatchObject({ retryable: true, cause: { errcode: 5 } });
    await expect(store.checkReady()).resolves.toBeUndefined();
    other.exec('ROLLBACK');
    other.close();
    expect(await w.ask({ bytes: 101 })).toMatchObject({ outcome: 'quota_exceeded' });
    expect(await w.issue()).toMatchObject({ generation: 1 });
  });

  it('that cannot be opened is unavailable', () => {
    path = join(folder, 'absent', 'metadata.db');
    expect(open).toThrow(DependencyUnavailableError);
  });

  it('that was closed is unavailable, and may be closed again', async () => {
    const records = openRecords();
    const store = createMetadataStore(records);
    records.close();
    records.close();
    await expect(store.checkReady()).rejects.toBeInstanceOf(DependencyUnavailableError);
    await expect(store.setSwitches({ uploadsPaused: true })).rejects.toBeInstanceOf(DependencyUnavailableError);
  });

  it('rolls back a transition that fails half-way', async () => {
    const w = world(open());
    const { uploadId } = await w.issue();
    const before = await w.everything();
    const other = new DatabaseSync(path);
    other.exec(`CREATE TRIGGER fault BEFORE UPDATE ON owners BEGIN SELECT RAISE(ABORT, 'staged'); END`);
    await expect(w.issue()).rejects.toThrow('staged');
    expect(await w.everything()).toEqual(before);
    other.exec('DROP TRIGGER fault');
    other.close();
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'aborted' });
  });

  it('lets a hundred transitions of one avatar through at once, from two connections', async () => {
    const stores = [open(), open()];
    const w = world(stores[0] as (typeof stores)[0], { pendingUploads: 100, files: 100, bytes: 1_000 });
    const limits = { ...w.limits, pendingUploads: 100, sentUploads: 100 };
    const asked = Array.from({ length: 100 }, (_, index) =>
      stores[index % 2]?.issueUpload({ upload: w.ticket(), access: w.asUser, limits, now: w.now() }),
    );
    const generations = (await Promise.all(asked)).map((issued) => issued?.outcome === 'issued' && issued.upload);
    expect(new Set(generations.map((upload) => upload && 'generation' in upload && upload.generation)).size).toBe(100);
    expect(await w.held()).toEqual({ bytes: 1_000, files: 100, openUploads: 100 });
  });

  it('keeps every ticket that was issued before its process was killed', async () => {
    const fixture = join(import.meta.dirname, 'issue-until-killed.ts');
    const child = spawn(process.execPath, [fixture, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const issued: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      issued.push(line);
      if (issued.length === 20) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const store = open();
    const uploads = await Promise.all(issued.map((uploadId) => store.getUpload({ uploadId })));
    expect(uploads.map((upload) => upload?.uploadId)).toEqual(issued);
    const organizationId = uploads[0]?.organizationId ?? '';
    const { openUploads = 0, filesLimit = 0, filesFree = 0 } = (await store.getOrganization({ organizationId })) ?? {};
    // Its last ticket may have been committed and not yet printed.
    expect([issued.length, issued.length + 1]).toContain(openUploads);
    expect(filesLimit - filesFree).toBe(openUploads);
  });
});
