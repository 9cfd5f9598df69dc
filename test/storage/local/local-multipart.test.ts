import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalStorageBackend } from '../../../shared/storage/local/local-storage-backend.ts';
import type { NamedPart } from '../../../shared/storage/multipart-uploads.ts';
import { type StorageKey, storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { readWhole } from '../../../shared/storage/storage-backend.ts';
import { textAt } from '../../contracts/storage-objects.contract.ts';
import { type LocalStorageUnderTest, openLocalStorage } from './open-local-storage.ts';

const key = storageKeyOf('temp/uploads/1');
const first = randomBytes(5 * 1024 ** 2);
const tail = Buffer.from('the rest');
const contentLength = first.byteLength + tail.byteLength;
const DAY = 24 * 3_600_000;

let local: LocalStorageUnderTest;
let multipartId: string;
beforeEach(async () => {
  local = await openLocalStorage();
  ({ multipartId } = await local.backend.createMultipartUpload({ key, contentType: 'video/mp4' }));
});
afterEach(() => local.close());

const onDisk = (path: string) => join(local.directory, path);
const folder = () => onDisk(`.multipart/${multipartId}`);
const restarted = () => new LocalStorageBackend({ ...local, onObjectCreated: () => {} });

async function* inPieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += 64 * 1024) yield body.subarray(at, at + 64 * 1024);
}

async function send(partNumber: number, body: Uint8Array, length = body.byteLength): Promise<NamedPart> {
  const part = { key, multipartId, partNumber, body: inPieces(body), contentLength: length };
  return { partNumber, ...(await local.backend.uploadPart(part)) };
}

const sendBoth = async () => [await send(1, first), await send(2, tail)];
const complete = (parts: readonly NamedPart[], backend = local.backend) =>
  backend.completeMultipartUpload({ key, multipartId, parts, contentLength });

describe('an upload in parts, and the folder around it', () => {
  it('is hidden, and leaves nothing when it is completed or aborted', async () => {
    const parts = await sendBoth();
    expect(await local.backend.listFiles({ prefix: '' })).toEqual({ files: [] });
    expect(await readdir(local.directory)).toEqual(expect.arrayContaining(['.incoming', '.multipart']));
    await complete(parts);
    const other = await local.backend.createMultipartUpload({ key, contentType: 'video/mp4' });
    await local.backend.abortMultipartUpload({ key, ...other });
    expect(await readdir(onDisk('.multipart'))).toEqual([]);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('keeps none of a part that breaks off or has another length', async () => {
    await expect(send(1, tail, tail.byteLength + 1)).rejects.toMatchObject({ code: 'length_mismatch' });
    await expect(send(1, tail, tail.byteLength - 1)).rejects.toMatchObject({ code: 'length_mismatch' });
    async function* breakingOff() {
      yield tail;
      throw new Error('the source broke off');
    }
    const broken = { key, multipartId, partNumber: 1, body: breakingOff(), contentLength: 100 };
    await expect(local.backend.uploadPart(broken)).rejects.toThrow('the source broke off');
    expect(await readdir(folder())).toEqual(['upload.json']);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('reads nothing of a part that nobody waits for', async () => {
    await local.backend.abortMultipartUpload({ key, multipartId });
    async function* unread(): AsyncGenerator<Uint8Array> {
      yield await Promise.reject(new Error('was read'));
    }
    const late = { key, multipartId, partNumber: 1, body: unread(), contentLength: 1 };
    await expect(local.backend.uploadPart(late)).rejects.toMatchObject({ code: 'multipart_not_found' });
  });

  it('keeps no part that arrives while it is aborted', async () => {
    const body = Promise.withResolvers<void>();
    async function* slowly() {
      yield tail.subarray(0, 1);
      await body.promise;
      yield tail.subarray(1);
    }
    const late = local.backend.uploadPart({
      key,
      multipartId,
      partNumber: 1,
      body: slowly(),
      contentLength: tail.byteLength,
    });
    const refused = expect(late).rejects.toMatchObject({ code: 'multipart_not_found' });
    await local.backend.abortMultipartUpload({ key, multipartId });
    body.resolve();
    await refused;
    expect(await readdir(onDisk('.multipart'))).toEqual([]);
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it('announces its object once, however many complete it', async () => {
    const parts = await sendBoth();
    const [{ eTag }] = await Promise.all([complete(parts), complete(parts), complete(parts)]);
    await complete(parts);
    expect(local.created).toEqual([{ key, size: contentLength, eTag, operation: 'CompleteMultipartUpload' }]);
  });

  it('refuses a key that no object can have before any bytes are sent', async () => {
    const impossible = { key: '../outside' as StorageKey, contentType: 'video/mp4' };
    await expect(local.backend.createMultipartUpload(impossible)).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it.each(['..', '../..', '../.incoming', '', '/', `${'a'.repeat(36)}/..`])('is never at the id %j', async (id) => {
    const ref = { key, multipartId: id };
    await expect(local.backend.listParts(ref)).rejects.toMatchObject({ code: 'multipart_not_found' });
    await local.backend.abortMultipartUpload(ref);
    expect(await readdir(onDisk('.multipart'))).toEqual([multipartId]);
  });

  it('follows no symbolic link', async () => {
    await rename(onDisk('.multipart'), onDisk('.moved'));
    await symlink(onDisk('.moved'), onDisk('.multipart'));
    const denied = { code: 'storage_denied' };
    await expect(local.backend.createMultipartUpload({ key, contentType: 'a/b' })).rejects.toMatchObject(denied);
    await expect(local.backend.listParts({ key, multipartId })).rejects.toMatchObject(denied);
  });
});

describe('a crash during an upload in parts', () => {
  it('loses no part that was acknowledged', async () => {
    const parts = await sendBoth();
    const backend = restarted();
    await backend.removeLeftovers();
    expect(await backend.listParts({ key, multipartId })).toMatchObject(parts);
    await complete(parts, backend);
    const read = await readWhole(await backend.downloadFile({ key }));
    expect(read.equals(Buffer.concat([first, tail]))).toBe(true);
  });

  it('before a replaced part was removed leaves one of the two', async () => {
    const [one] = await sendBoth();
    const name = (await readdir(folder())).find((file) => file.startsWith('1-')) ?? '';
    const replaced = await send(1, Buffer.alloc(first.byteLength));
    await writeFile(join(folder(), name), first);
    const listed = await restarted().listParts({ key, multipartId });
    expect(listed.map(({ partNumber }) => partNumber)).toEqual([1, 2]);
    expect([one?.eTag, replaced.eTag]).toContain(listed[0]?.eTag);
    await complete(listed, restarted());
    expect((await restarted().getFileInfo({ key })).size).toBe(contentLength);
  });

  it('between the object and the end of its upload repeats neither', async () => {
    const parts = await sendBoth();
    await cp(folder(), onDisk('saved'), { recursive: true });
    const { eTag } = await complete(parts);
    await rename(onDisk('saved'), folder());
    const backend = restarted();
    await backend.removeLeftovers();
    expect(await readdir(onDisk('.multipart'))).toEqual([]);
    expect(await complete(parts, backend)).toEqual({ eTag });
  });

  it('in the middle of an end leaves only a leftover, which the next start removes', async () => {
    await sendBoth();
    await rename(folder(), onDisk('.incoming/ended'));
    const backend = restarted();
    await expect(backend.listParts({ key, multipartId })).rejects.toMatchObject({ code: 'multipart_not_found' });
    await backend.removeLeftovers();
    expect(await readdir(onDisk('.incoming'))).toEqual([]);
  });

  it.each(['', '{"key":'])('in the middle of a beginning leaves only a leftover: %j', async (text) => {
    await mkdir(onDisk('.multipart/00000000-0000-0000-0000-000000000000'));
    await writeFile(onDisk('.multipart/00000000-0000-0000-0000-000000000000/upload.json'), text);
    await restarted().removeLeftovers();
    expect(await readdir(onDisk('.multipart'))).toEqual([multipartId]);
  });

  it('is survived by an upload for two days, whether or not anybody remembers it', async () => {
    const daysOld = async (days: number) => {
      const then = new Date(Date.now() - days * DAY);
      await utimes(join(folder(), 'upload.json'), then, then);
      await restarted().removeLeftovers();
      return readdir(onDisk('.multipart'));
    };
    expect(await daysOld(1.9)).toEqual([multipartId]);
    expect(await daysOld(2.1)).toEqual([]);
  });

  it('needs no upload ever to have begun', async () => {
    await local.backend.abortMultipartUpload({ key, multipartId });
    await local.backend.uploadFile({ key, body: tail, contentType: 'video/mp4' });
    await restarted().removeLeftovers();
    expect(await textAt(local.backend, key)).toBe(tail.toString());
  });
});
