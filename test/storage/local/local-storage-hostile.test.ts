import { mkdir, readdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalStorageBackend } from '../../../shared/storage/local/local-storage-backend.ts';
import { type StorageKey, storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { textAt } from '../../contracts/storage-objects.contract.ts';
import { type LocalStorageUnderTest, openLocalStorage } from './open-local-storage.ts';

const key = storageKeyOf('avatars/users/ada/photo.png');
const contentType = 'image/png';

let local: LocalStorageUnderTest;
beforeEach(async () => {
  local = await openLocalStorage();
});
afterEach(() => local.close());

const onDisk = (path: string) => join(local.directory, path);
const write = (text: string, options: { ifMatch?: string; metadata?: Record<string, string> } = {}) =>
  local.backend.uploadFile({ key, body: Buffer.from(text), contentType: 'image/gif', ...options });
const put = async (path: string, text: string) => {
  await mkdir(dirname(onDisk(path)), { recursive: true });
  await writeFile(onDisk(path), text);
};
const listed = async () => (await local.backend.listFiles({ prefix: '' })).files.map((file) => file.key);
const reopened = () => new LocalStorageBackend({ ...local, baseUrl: local.baseUrl });

describe('LocalStorageBackend and the folder around it', () => {
  it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a/./b', ''])(
    'does not follow %j, cast to a key',
    async (text) => {
      const cast = text as StorageKey;
      const refusal = { code: 'invalid_key' };
      await expect(local.backend.fileExists({ key: cast })).rejects.toMatchObject(refusal);
      await expect(local.backend.downloadFile({ key: cast })).rejects.toMatchObject(refusal);
      await expect(local.backend.deleteFile({ key: cast })).rejects.toMatchObject(refusal);
      await expect(local.backend.uploadFile({ key: cast, body: Buffer.from('x'), contentType })).rejects.toMatchObject(
        refusal,
      );
      await expect(local.backend.copyFile({ from: cast, to: key })).rejects.toMatchObject(refusal);
    },
  );

  it('does not reach a folder whose name only starts like its own', async () => {
    const sibling = `${local.directory}-sibling`;
    await mkdir(sibling);
    await writeFile(join(sibling, 'secret'), 'secret');
    const cast = `../${sibling.split('/').at(-1)}/secret` as StorageKey;
    await expect(local.backend.downloadFile({ key: cast })).rejects.toMatchObject({ code: 'invalid_key' });
    await rm(sibling, { recursive: true });
  });

  it('follows no symbolic link, to a file, to a folder or to nothing', async () => {
    const outside = await openLocalStorage();
    await writeFile(join(outside.directory, 'secret.png'), 'secret');
    await mkdir(onDisk('links'));
    await symlink(join(outside.directory, 'secret.png'), onDisk('links/file.png'));
    await symlink(outside.directory, onDisk('links/folder'));
    await symlink(join(outside.directory, 'nothing'), onDisk('links/nothing'));
    const denied = { code: 'storage_denied' };
    for (const name of ['links/file.png', 'links/folder/secret.png', 'links/folder/new/deep.png', 'links/nothing']) {
      const linked = storageKeyOf(name);
      await expect(local.backend.downloadFile({ key: linked })).rejects.toMatchObject(denied);
      await expect(local.backend.fileExists({ key: linked })).rejects.toMatchObject(denied);
      await expect(local.backend.deleteFile({ key: linked })).rejects.toMatchObject(denied);
    }
    const inFolder = storageKeyOf('links/folder/new/deep.png');
    const attempt = local.backend.uploadFile({ key: inFolder, body: Buffer.from('x'), contentType });
    await expect(attempt).rejects.toMatchObject(denied);
    await expect(local.backend.listFiles({ prefix: 'links/folder/' })).rejects.toMatchObject(denied);
    expect(await listed()).toEqual([]);
    expect(await readdir(outside.directory)).toEqual(['secret.png']);
    expect(await readFile(join(outside.directory, 'secret.png'), 'utf8')).toBe('secret');
    await outside.close();
  });

  it('writes over a link without touching what it points to, or refuses', async () => {
    await put('target', 'kept');
    await symlink(onDisk('target'), onDisk('link'));
    const attempt = local.backend.uploadFile({ key: storageKeyOf('link'), body: Buffer.from('x'), contentType });
    await attempt.catch(() => undefined);
    expect(await readFile(onDisk('target'), 'utf8')).toBe('kept');
  });

  it('does not write sidecars through a link', async () => {
    await put('avatars/users/ada/x', '');
    await put('target', 'kept');
    await symlink(onDisk('target'), onDisk('avatars/users/ada/.photo.png.next'));
    await expect(write('x')).rejects.toMatchObject({ code: 'storage_denied' });
    expect(await readFile(onDisk('target'), 'utf8')).toBe('kept');
  });

  it('neither lists nor reaches hidden files, and leaves them alone', async () => {
    await put('.secret', 'x');
    await put('avatars/.keep', 'x');
    await write('photo');
    expect(await listed()).toEqual([key]);
    expect(await local.backend.fileExists({ key: storageKeyOf('.secret') })).toBe(false);
    expect(await local.backend.fileExists({ key: storageKeyOf('.incoming') })).toBe(false);
    expect(await local.backend.fileExists({ key: storageKeyOf('avatars/users/ada/.photo.png.info') })).toBe(false);
    await local.backend.deleteFile({ key: storageKeyOf('.secret') });
    expect(await readFile(onDisk('.secret'), 'utf8')).toBe('x');
  });

  it('removes the folders that a deletion empties, but not others', async () => {
    await write('photo');
    await put('avatars/users/eve/photo.png', 'x');
    await local.backend.deleteFile({ key });
    expect(await readdir(onDisk('avatars/users'))).toEqual(['eve']);
    await local.backend.deleteFile({ key: storageKeyOf('avatars/users/eve/photo.png') });
    expect(await readdir(local.directory)).toEqual(['.incoming']);
  });

  it('survives that neighbours empty and fill one folder at the same time', async () => {
    const neighbour = async (name: string) => {
      const mine = storageKeyOf(`shared/folder/${name}`);
      for (let turn = 0; turn < 100; turn += 1) {
        await local.backend.uploadFile({ key: mine, body: Buffer.from('x'), contentType });
        await local.backend.deleteFile({ key: mine });
      }
    };
    await Promise.all(['a', 'b', 'c'].map(neighbour));
    expect(await readdir(local.directory)).toEqual(['.incoming']);
  });

  it.runIf(process.platform === 'linux')('closes what nobody reads', async () => {
    await write('photo');
    const unread = await local.backend.downloadFile({ key });
    await unread.body[Symbol.asyncIterator]().return?.();
    await expect(local.backend.copyFile({ from: key, to: key, ifNoneMatch: '*' })).rejects.toThrow();
    await expect(local.backend.copyFile({ from: key, to: key, ifMatch: 'other' })).rejects.toThrow();
    await expect(local.backend.downloadFile({ key, range: { start: 9 } })).rejects.toThrow(RangeError);
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    expect((await Promise.all(links)).filter((path) => path.startsWith(local.directory))).toEqual([]);
  });

  it('leaves no file and no folder of a refused write', async () => {
    const refused = local.backend.uploadFile({ key, body: Buffer.from('x'), contentLength: 2, contentType });
    await expect(refused).rejects.toMatchObject({ code: 'length_mismatch' });
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
    expect(await readdir(local.directory)).toEqual(['.incoming']);
    expect(local.created).toEqual([]);
  });

  it('says clearly that an object cannot be the folder of another', async () => {
    await write('photo');
    const below = storageKeyOf(`${key}/below`);
    const above = storageKeyOf('avatars/users/ada');
    for (const conflicting of [below, above]) {
      const attempt = local.backend.uploadFile({ key: conflicting, body: Buffer.from('x'), contentType });
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_key' });
    }
    expect(await textAt(local.backend, key)).toBe('photo');
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('takes a missing root for a failure, never for an empty storage', async () => {
    const elsewhere = `${local.directory}-moved`;
    await rename(local.directory, elsewhere);
    const unavailable = { code: 'dependency_unavailable' };
    await expect(local.backend.checkReady()).rejects.toMatchObject(unavailable);
    await expect(local.backend.fileExists({ key })).rejects.toMatchObject(unavailable);
    await expect(local.backend.deleteFile({ key })).rejects.toMatchObject(unavailable);
    await expect(local.backend.listFiles({ prefix: '' })).rejects.toMatchObject(unavailable);
    await expect(write('x')).rejects.toMatchObject(unavailable);
    await rename(elsewhere, local.directory);
  });

  it('announces every write that became durable, in order, and no other', async () => {
    const first = await write('one');
    await expect(write('two', { ifMatch: 'other' })).rejects.toThrow();
    const second = await write('three');
    const copy = await local.backend.copyFile({ from: key, to: storageKeyOf('copy') });
    expect(local.created).toEqual([
      { key, size: 3, eTag: first.eTag, operation: 'Put' },
      { key, size: 5, eTag: second.eTag, operation: 'Put' },
      { key: 'copy', size: 5, eTag: copy.eTag, operation: 'Copy' },
    ]);
  });

  it('refuses a cursor that it has not made and a page that is too large', async () => {
    await expect(local.backend.listFiles({ prefix: '', cursor: '?' })).rejects.toThrow(RangeError);
    await expect(local.backend.listFiles({ prefix: '', cursor: '' })).rejects.toThrow(RangeError);
    await expect(local.backend.listFiles({ prefix: '', limit: 1001 })).rejects.toThrow(RangeError);
    await expect(local.backend.listFiles({ prefix: '', limit: 0 })).rejects.toThrow(RangeError);
  });

  it('has no address for the public, because there is no CDN', async () => {
    expect(await local.backend.getFileUrl({ key, access: 'public', version: '1' })).toBeUndefined();
  });
});

describe('the description of an object', () => {
  it('makes the slower of two writers lose although the bytes are equal', async () => {
    const seen = await write('same', { metadata: { generation: '1' } });
    await write('same', { ifMatch: seen.eTag, metadata: { generation: '3' } });
    const late = write('same', { ifMatch: seen.eTag, metadata: { generation: '2' } });
    await expect(late).rejects.toMatchObject({ code: 'object_changed' });
    expect((await local.backend.getFileInfo({ key })).metadata).toEqual({ generation: '3' });
  });

  it('is derived for a tree from elsewhere', async () => {
    await put('avatars/users/ada/photo.png', 'found');
    await put('avatars/users/ada/notes.unknown', 'found');
    await put('avatars/users/Upper/photo.png', 'no name the backend writes');
    expect(await listed()).toEqual(['avatars/users/ada/notes.unknown', key]);
    const info = await local.backend.getFileInfo({ key });
    expect(info).toMatchObject({ size: 5, contentType: 'image/png', metadata: {} });
    const unknown = await local.backend.getFileInfo({ key: storageKeyOf('avatars/users/ada/notes.unknown') });
    expect(unknown.contentType).toBe('application/octet-stream');
    await write('replaced', { ifMatch: info.eTag });
    expect(await textAt(local.backend, key)).toBe('replaced');
  });

  it('is derived again for a file that was edited by hand', async () => {
    const { eTag } = await write('before', { metadata: { generation: '4' } });
    await writeFile(onDisk(key), 'edited');
    const info = await local.backend.getFileInfo({ key });
    expect(info).toMatchObject({ contentType: 'image/png', metadata: {} });
    expect(info.eTag).not.toBe(eTag);
  });

  it.each(['', '{', '{"version":"1-1-1"}', 'null', '[]'])('is derived when the sidecar is %j', async (text) => {
    await write('photo', { metadata: { generation: '4' } });
    await put('avatars/users/ada/.photo.png.info', text);
    expect(await local.backend.getFileInfo({ key })).toMatchObject({ contentType: 'image/png', metadata: {} });
  });

  it('survives that the folder is copied or restored', async () => {
    const { eTag } = await write('photo', { metadata: { generation: '4' } });
    await writeFile(onDisk('copy'), 'photo');
    await rename(onDisk('copy'), onDisk(key));
    await utimes(onDisk(key), 1, 1);
    expect(await local.backend.getFileInfo({ key })).toMatchObject({ eTag, metadata: { generation: '4' } });
  });
});

describe('a crash', () => {
  const info = () => reopened().getFileInfo({ key });
  const sidecar = (kind: string) => onDisk(`avatars/users/ada/.photo.png.${kind}`);

  it('while bytes arrive leaves only a leftover, which the next start removes', async () => {
    await write('old');
    await put('.incoming/0000', 'half');
    expect(await listed()).toEqual([key]);
    await reopened().removeLeftovers();
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
    expect(await textAt(local.backend, key)).toBe('old');
  });

  it('before the new bytes are in their place keeps the old object whole', async () => {
    const { eTag } = await write('old', { metadata: { generation: '1' } });
    await writeFile(sidecar('next'), '{"version":"2-2-2","metadata":{"generation":"2"}');
    expect(await info()).toMatchObject({ eTag, metadata: { generation: '1' } });
  });

  it('between the new bytes and the end of their sidecar keeps the new object whole, even with equal bytes', async () => {
    await write('same', { metadata: { generation: '1' } });
    const old = await readFile(sidecar('info'));
    const { eTag } = await write('same', { metadata: { generation: '2' } });
    await rename(sidecar('info'), sidecar('next'));
    await writeFile(sidecar('info'), old);
    expect(await info()).toMatchObject({ eTag, metadata: { generation: '2' } });
    await write('third', { ifMatch: eTag, metadata: { generation: '3' } });
    expect(await info()).toMatchObject({ metadata: { generation: '3' } });
  });

  it('in the middle of a deletion leaves nothing of the object to see, and nothing to the next one', async () => {
    await write('old', { metadata: { generation: '1' } });
    await rm(onDisk(key));
    expect(await listed()).toEqual([]);
    expect(await reopened().fileExists({ key })).toBe(false);
    await local.backend.uploadFile({ key, body: Buffer.from('new'), contentType, ifNoneMatch: '*' });
    expect(await info()).toMatchObject({ contentType, metadata: {} });
  });

  it('after any number of writes leaves one sidecar an object', async () => {
    for (const text of ['one', 'two', 'three']) await write(text);
    expect((await readdir(onDisk('avatars/users/ada'))).sort()).toEqual(['.photo.png.info', 'photo.png']);
  });
});
