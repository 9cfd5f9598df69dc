import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CopyObjectCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StorageKey, storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { copyInParts } from '../../../shared/storage/s3/s3-large-copy.ts';
import { readWhole } from '../../../shared/storage/storage-backend.ts';
import { textAt } from '../../contracts/storage-objects.contract.ts';
import { openS3Storage, type S3StorageUnderTest } from './open-s3-storage.ts';

const MIB = 1024 ** 2;
const contentType = 'text/plain';

let s3: S3StorageUnderTest;
let key: StorageKey;
beforeAll(() => {
  s3 = openS3Storage();
});
afterAll(() => s3.close());
const newKey = () => storageKeyOf(`s3/${randomUUID()}`);

/** Gives the engine time to act on each chunk before the next one comes. */
async function* slowly(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await sleep(200);
    yield Buffer.from(chunk);
  }
}

describe('S3StorageBackend and its engine', () => {
  it('says why it is not ready', async () => {
    const { backend: noBucket } = openS3Storage({ bucket: 'no-such-bucket' });
    await expect(noBucket.checkReady()).rejects.toMatchObject({ code: 'storage_denied' });
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
    const { backend: nobody } = openS3Storage({ credentials });
    await expect(nobody.checkReady()).rejects.toMatchObject({ code: 'storage_denied' });
    await expect(nobody.fileExists({ key: newKey() })).rejects.toMatchObject({ code: 'storage_denied' });
    await expect(nobody.listFiles({ prefix: '' })).rejects.toMatchObject({ code: 'storage_denied' });
  });

  it('takes a missing bucket for a failure, never for an empty storage', async () => {
    const { backend } = openS3Storage({ bucket: 'no-such-bucket' });
    const missing = { code: 'storage_denied', message: 'the bucket does not exist' };
    await expect(backend.listFiles({ prefix: '' })).rejects.toMatchObject(missing);
    await expect(backend.downloadFile({ key: newKey() })).rejects.toMatchObject(missing);
  });

  it('does not tell apart versions with equal bytes: their ETags are equal', async () => {
    key = newKey();
    const write = (generation: string, condition: { ifMatch?: string } = {}) =>
      s3.backend.uploadFile({ key, body: Buffer.from('same'), contentType, metadata: { generation }, ...condition });
    const seen = await write('1');
    const newer = await write('3', { ifMatch: seen.eTag });
    expect(newer.eTag).toBe(seen.eTag);
    await write('2', { ifMatch: seen.eTag }); // which on a disk of ours is refused: whoever needs order adds it to the bytes
    expect((await s3.backend.getFileInfo({ key })).metadata).toEqual({ generation: '2' });
  });

  it('gives up the connections of what nobody reads', async () => {
    key = newKey();
    await s3.backend.uploadFile({ key, body: randomBytes(4 * MIB), contentType });
    for (let turn = 0; turn < 60; turn += 1) {
      const { body } = await s3.backend.downloadFile({ key }); // the client has 50 connections
      await body[Symbol.asyncIterator]().return?.();
    }
    expect(await s3.backend.fileExists({ key })).toBe(true);
  });

  it('refuses a cursor that it has not made and a page that is too large', async () => {
    for (const page of [{ cursor: '?' }, { cursor: '' }, { limit: 1001 }, { limit: 0 }]) {
      await expect(s3.backend.listFiles({ prefix: '', ...page })).rejects.toThrow(RangeError);
    }
  });

  it('refuses a stream without a length', async () => {
    key = newKey();
    const upload = s3.backend.uploadFile({ key, body: slowly('bytes'), contentType });
    await expect(upload).rejects.toThrow(TypeError);
  });

  it.each([
    { declared: 0, chunks: ['bytes'] },
    { declared: 5, chunks: ['bytes', 'more'] },
    { declared: 5, chunks: ['by', 'tes', '', 'more'] },
  ])('does not store the first $declared bytes of a stream that goes on', async ({ declared, chunks }) => {
    key = newKey();
    const upload = s3.backend.uploadFile({ key, body: slowly(...chunks), contentLength: declared, contentType });
    await expect(upload).rejects.toMatchObject({ code: 'length_mismatch' });
    expect(await s3.backend.fileExists({ key })).toBe(false);
  });

  it('copies an object to itself', async () => {
    key = newKey();
    await s3.backend.uploadFile({ key, body: Buffer.from('bytes'), contentType, metadata: { a: '1' } });
    await s3.backend.copyFile({ from: key, to: key });
    expect(await s3.backend.getFileInfo({ key })).toMatchObject({ contentType, metadata: { a: '1' } });
  });

  it('signs no form whose key the client could choose', async () => {
    const method = 'POST';
    const expiresAt = new Date(Date.now() + 60_000);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3 puts the client's file name in its place
    const open = { key: storageKeyOf('temp/${filename}'), method, contentType, contentLength: 1, expiresAt } as const;
    await expect(s3.backend.createUploadTicket(open)).rejects.toMatchObject({ code: 'invalid_key' });
  });
});

describe('a copy in parts', () => {
  it('is made of what is larger than 256 MiB', { timeout: 120_000 }, async () => {
    const [from, to] = [newKey(), newKey()];
    const chunk = Buffer.alloc(MIB, 'x');
    async function* chunks() {
      for (let sent = 0; sent < 257; sent += 1) yield chunk;
    }
    const headers = { contentType, cacheControl: 'no-store', metadata: { a: '1' } };
    await s3.backend.uploadFile({ key: from, body: chunks(), contentLength: 257 * MIB, ...headers });
    const { eTag } = await s3.backend.copyFile({ from, to, contentType: 'image/png', ifNoneMatch: '*' });
    expect(eTag).toMatch(/-3$/); // the parts of a multipart upload
    const info = await s3.backend.getFileInfo({ key: to });
    expect(info).toMatchObject({ ...headers, eTag, size: 257 * MIB, contentType: 'image/png' });
    const again = s3.backend.copyFile({ from, to, ifNoneMatch: '*' });
    await expect(again).rejects.toMatchObject({ code: 'object_exists' });
    for (const copy of [from, to]) await s3.backend.deleteFile({ key: copy });
  });

  const size = 11 * MIB;
  const withSource = async () => {
    const [from, to] = [newKey(), newKey()];
    const body = randomBytes(size);
    const { eTag } = await s3.backend.uploadFile({ key: from, body, contentType });
    const { bucket } = s3.options;
    const copy = { Bucket: bucket, Key: to, CopySource: `${bucket}/${from}`, CopySourceIfMatch: `"${eTag}"` };
    const run = (changes: Partial<ConstructorParameters<typeof CopyObjectCommand>[0]> = {}) =>
      copyInParts({ client: s3.client, copy: { ...copy, ...changes }, size, partBytes: 5 * MIB });
    const openUploads = async () => {
      const list = await s3.client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: to }));
      return list.Uploads ?? [];
    };
    return { to, body, run, openUploads };
  };

  it('has the bytes of its source, and the headers it was given', async () => {
    const { to, body, run, openUploads } = await withSource();
    const { ETag } = await run({ ContentType: 'image/png', CacheControl: 'no-store', Metadata: { a: '1' } });
    const copied = await s3.backend.downloadFile({ key: to });
    expect(copied.info).toMatchObject({
      size,
      contentType: 'image/png',
      cacheControl: 'no-store',
      metadata: { a: '1' },
    });
    expect(`"${copied.info.eTag}"`).toBe(ETag);
    expect((await readWhole(copied)).equals(body)).toBe(true);
    expect(await openUploads()).toEqual([]);
  });

  it('is not made of another version, and leaves nothing', async () => {
    const { to, run, openUploads } = await withSource();
    await expect(run({ CopySourceIfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(await s3.backend.fileExists({ key: to })).toBe(false);
    expect(await openUploads()).toEqual([]);
  });

  it('does not replace what stands at its target, with IfNoneMatch', async () => {
    const { to, run, openUploads } = await withSource();
    await s3.backend.uploadFile({ key: to, body: Buffer.from('target'), contentType });
    await expect(run({ IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect(await textAt(s3.backend, to)).toBe('target');
    expect(await openUploads()).toEqual([]);
  });
});

describe('an upload in parts', () => {
  it('lists more parts than S3 puts into a page', { timeout: 120_000 }, async () => {
    key = newKey();
    const { multipartId } = await s3.backend.createMultipartUpload({ key, contentType });
    const upload = { Bucket: s3.options.bucket, Key: key, UploadId: multipartId };
    const waiting = Array.from({ length: 1010 }, (_, at) => at + 1);
    const sendSome = async () => {
      for (let PartNumber = waiting.pop(); PartNumber !== undefined; PartNumber = waiting.pop()) {
        await s3.client.send(new UploadPartCommand({ ...upload, PartNumber, Body: Buffer.from('x') }));
      }
    };
    await Promise.all(Array.from({ length: 20 }, sendSome));
    const parts = await s3.backend.listParts({ key, multipartId });
    expect(parts.map(({ partNumber }) => partNumber)).toEqual(Array.from({ length: 1010 }, (_, at) => at + 1));
    await s3.backend.abortMultipartUpload({ key, multipartId });
  });
});
