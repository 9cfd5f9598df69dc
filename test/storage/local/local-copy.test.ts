import { copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { textAt } from '../../contracts/storage-objects.contract.ts';
import { type LocalStorageUnderTest, openLocalStorage } from './open-local-storage.ts';

const from = storageKeyOf('temp/uploads/1');
const to = storageKeyOf('attachments/2026/11/1.png');
const png = { contentType: 'image/png', metadata: { generation: '1' } };
const exists = { code: 'object_exists' };

let local: LocalStorageUnderTest;
beforeEach(async () => {
  local = await openLocalStorage();
  await local.backend.uploadFile({ key: from, body: Buffer.from('photo'), ...png });
});
afterEach(() => local.close());

const onDisk = (path: string) => join(local.directory, path);
const infoOf = (key: typeof to) => local.backend.getFileInfo({ key });
const inodeOf = async (key: string) => (await stat(onDisk(key))).ino;
const copy = (changes: Partial<Parameters<typeof local.backend.copyFile>[0]> = {}) =>
  local.backend.copyFile({ from, to, ...changes });

describe('a copy on a disk with links', () => {
  it('has the file of its source and a description of its own, whatever the size', async () => {
    const { eTag } = await copy({ contentType: 'image/gif', metadata: { a: '1' } });
    expect(await inodeOf(to)).toBe(await inodeOf(from));
    expect(await infoOf(to)).toMatchObject({ eTag, size: 5, contentType: 'image/gif', metadata: { a: '1' } });
    expect(await infoOf(from)).toMatchObject(png);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('stays when its source is replaced or deleted, and the other way round', async () => {
    await copy();
    await local.backend.uploadFile({ key: from, body: Buffer.from('newer'), ...png });
    expect(await textAt(local.backend, to)).toBe('photo');
    await copy();
    await local.backend.deleteFile({ key: from });
    expect(await textAt(local.backend, to)).toBe('newer');
    await local.backend.copyFile({ from: to, to: from });
    await local.backend.deleteFile({ key: to });
    expect(await textAt(local.backend, from)).toBe('newer');
    expect(await infoOf(from)).toMatchObject(png);
  });

  it('can be made again over itself, with another description', async () => {
    await copy();
    const { eTag } = await copy({ metadata: { generation: '2' } });
    expect(await infoOf(to)).toMatchObject({ eTag, metadata: { generation: '2' } });
    const own = await local.backend.copyFile({ from, to: from, metadata: { generation: '3' } });
    expect(await infoOf(from)).toMatchObject({ eTag: own.eTag, metadata: { generation: '3' } });
    expect(await infoOf(to)).toMatchObject({ metadata: { generation: '2' } });
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
    expect((await readdir(onDisk('temp/uploads'))).sort()).toEqual(['.1.info', '1']);
  });

  it('lets exactly one of twenty create the target', async () => {
    const copies = Array.from({ length: 20 }, () => copy({ ifNoneMatch: '*' }));
    const ends = await Promise.allSettled(copies);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject(exists);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('leaves nothing when its target cannot be', async () => {
    const below = storageKeyOf(`${from}/below`);
    await expect(local.backend.copyFile({ from, to: below })).rejects.toMatchObject({ code: 'invalid_key' });
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('is described although the folder was copied or restored, which may break links', async () => {
    const { eTag } = await copy({ metadata: { generation: '2' } });
    await copyFile(onDisk(to), onDisk('copied'));
    await rm(onDisk(to));
    await rename(onDisk('copied'), onDisk(to));
    expect(await infoOf(to)).toMatchObject({ eTag, metadata: { generation: '2' } });
  });

  it('is whole after a crash before its description has settled: as it was, or as it is to be', async () => {
    const sidecar = (kind: string) => onDisk(`attachments/2026/11/.1.png.${kind}`);
    await local.backend.uploadFile({ key: to, body: Buffer.from('old'), contentType: 'text/plain' });
    const old = await readFile(sidecar('info'));
    const { eTag } = await copy();
    await rename(sidecar('info'), sidecar('next'));
    await writeFile(sidecar('info'), old);
    expect(await infoOf(to)).toMatchObject({ eTag, ...png });

    const before = await copy();
    const current = await readFile(sidecar('info'));
    await copy({ metadata: { generation: '2' } }); // the same file, so only the description is new
    await rename(sidecar('info'), sidecar('next'));
    await writeFile(sidecar('info'), current);
    expect(await infoOf(to)).toMatchObject({ eTag: before.eTag, ...png });
  });
});
