import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalStorageBackend } from '../../../shared/storage/local/local-storage-backend.ts';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';

/** A key below every prefix that objects are stored under, and every folder on the way to it. */
const LAYOUT = [
  ['attachments', 'attachments/2026/11/a.png'],
  ['avatars', 'avatars/users/ada/upload/original.png'],
  ['previews', 'previews/2026/11/a.webp'],
  ['temp', 'temp/uploads/a'],
  ['temp/uploads', 'temp/uploads/a'],
] as const;

let parent: string;
let directory: string;
let backend: LocalStorageBackend;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'readiness-'));
  directory = join(parent, 'files');
  await mkdir(directory);
  backend = new LocalStorageBackend({ directory, baseUrl: 'http://127.0.0.1:3000', secret: Buffer.alloc(32) });
});
afterEach(() => rm(parent, { recursive: true }));

const onDisk = (path: string) => join(directory, path);
const write = (key: string) =>
  backend.uploadFile({ key: storageKeyOf(key), body: Buffer.from('x'), contentType: 'image/png' });

/** As when a folder was moved to another disk. */
async function linkElsewhere(folder: string, target = 'elsewhere'): Promise<void> {
  await mkdir(join(parent, 'elsewhere'), { recursive: true });
  await mkdir(dirname(onDisk(folder)), { recursive: true });
  await symlink(join(parent, target), onDisk(folder));
}

describe('a folder of objects is ready', () => {
  it('when it is empty, and stays empty', async () => {
    await backend.checkReady();
    expect((await readdir(directory)).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('when it holds objects, and leaves them as they are', async () => {
    for (const [, key] of LAYOUT) await write(key);
    const before = await readdir(directory, { recursive: true });
    await backend.checkReady();
    expect(await readdir(directory, { recursive: true })).toEqual(before);
  });

  it('however often that is asked while objects are written and removed', async () => {
    const checks = Array.from({ length: 20 }, () => backend.checkReady());
    const writes = Array.from({ length: 20 }, async (_, index) => {
      const key = storageKeyOf(`attachments/2026/11/${index}.png`);
      await write(key);
      await backend.deleteFile({ key });
    });
    await Promise.all([...checks, ...writes]);
    expect((await backend.listFiles({ prefix: '' })).files).toEqual([]);
  });
});

describe('a folder of objects is not ready', () => {
  it.each(LAYOUT)('when %s is a symbolic link', async (folder, key) => {
    await linkElsewhere(folder);
    const refusal = { code: 'storage_denied', message: expect.stringContaining(folder) };
    await expect(backend.checkReady()).rejects.toMatchObject(refusal);
    await expect(write(key)).rejects.toMatchObject({ code: 'storage_denied' });
    expect(await readdir(join(parent, 'elsewhere'))).toEqual([]);
  });

  it.each(LAYOUT)('when %s is a symbolic link to a disk that is not mounted', async (folder, key) => {
    await linkElsewhere(folder, 'nowhere');
    await expect(backend.checkReady()).rejects.toMatchObject({ code: 'storage_denied' });
    await expect(write(key)).rejects.toMatchObject({ code: 'storage_denied' });
  });

  it.each(LAYOUT)('when %s is a file', async (folder) => {
    await mkdir(dirname(onDisk(folder)), { recursive: true });
    await writeFile(onDisk(folder), 'x');
    await expect(backend.checkReady()).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('any more, once one of its folders has become a symbolic link, and is again without it', async () => {
    await backend.checkReady();
    await linkElsewhere('attachments');
    await expect(backend.checkReady()).rejects.toMatchObject({ code: 'storage_denied' });
    await rm(onDisk('attachments'));
    await backend.checkReady();
  });
});
