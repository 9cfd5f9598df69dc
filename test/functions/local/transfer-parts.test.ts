import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Event, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLocalDependencies } from '../../../functions/local/dependencies.ts';
import type { StorageOfParts } from '../../../functions/local/transfer-upload.ts';
import { readConfig } from '../../../shared/config.ts';
import type { Log } from '../../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import { attachmentKey, temporaryKey } from '../../../shared/storage/object-keys.ts';
import { failingStorage } from '../../contracts/failing-storage.ts';
import { sendRequest } from '../../contracts/send-request.ts';
import { type LocalStorageUnderTest, openLocalStorage } from '../../storage/local/open-local-storage.ts';

const key = temporaryKey('1');
const MIB = 1024 ** 2;
const body = Buffer.from('four');
const inAMinute = () => new Date(Date.now() + 60_000);

describe('PUT of a part', () => {
  let local: LocalStorageUnderTest;
  let faults: ReturnType<typeof failingStorage<StorageOfParts>>;
  let multipartId: string;
  beforeEach(async () => {
    local = await openLocalStorage((backend) => {
      faults = failingStorage(backend);
      return faults.storage;
    });
    ({ multipartId } = await local.backend.createMultipartUpload({ key, contentType: 'video/mp4' }));
  });
  afterEach(() => local.close());

  const partUrl = async (contentLength = body.byteLength, expiresAt = inAMinute()) =>
    (await local.backend.signPart({ key, multipartId, partNumber: 1, contentLength, expiresAt })).url;
  const put = async (url: string) => sendRequest({ method: 'PUT', url, body });
  const parts = () => local.backend.listParts({ key, multipartId });

  it('answers with the ETag, which pages of every origin may read', async () => {
    const { status, headers, body: answer } = await put(await partUrl());
    expect(status).toBe(200);
    expect(answer.byteLength).toBe(0);
    expect(headers).toMatchObject({
      etag: `"${(await parts())[0]?.eTag}"`,
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'ETag',
    });
  });

  it('needs a length', async () => {
    const answer = await sendRequest({ method: 'PUT', url: await partUrl(), body, chunked: true });
    expect(answer).toMatchObject({ status: 411, code: 'MissingContentLength' });
  });

  it('refuses in the words of S3', async () => {
    const message = async (url: string) => /<Message>(.*)<\/Message>/.exec((await put(url)).body.toString())?.[1];
    expect(await message(await partUrl(4, new Date(Date.now() - 1000)))).toBe('Request has expired');
    expect(await message((await partUrl()).replace('partNumber=1', 'partNumber=2'))).toBe(
      'The request signature we calculated does not match the signature you provided.',
    );
    await local.backend.abortMultipartUpload({ key, multipartId });
    expect(await message(await partUrl())).toBe(
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    );
  });

  it('refuses a part of an ended upload before it reads the body', async () => {
    await local.backend.abortMultipartUpload({ key, multipartId });
    const url = await partUrl(12 * MIB);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(url, { method: 'PUT', headers: { 'content-length': 12 * MIB } }, (response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      request.flushHeaders();
    });
    expect(status).toBe(404);
  });

  it('keeps nothing of a connection that is cut', async () => {
    const url = await partUrl(MIB);
    await new Promise<void>((resolve) => {
      const request = httpRequest(url, { method: 'PUT', headers: { 'content-length': MIB } });
      request.on('error', () => resolve());
      request.write(Buffer.alloc(MIB / 2), () => request.destroy(new Error('cut')));
    });
    await vi.waitFor(async () => expect(await readdir(join(local.directory, '.incoming')).catch(() => [])).toEqual([]));
    expect(await parts()).toEqual([]);
    expect(local.logged).toEqual([]);
  });

  it('answers a passing failure with 503, and can be sent again', async () => {
    faults.failOnce({ method: 'uploadPart', error: new DependencyUnavailableError('full'), when: 'before' });
    const url = await partUrl();
    expect(await put(url)).toMatchObject({ status: 503, code: 'ServiceUnavailable' });
    expect((await put(url)).status).toBe(200);
  });

  it('cannot be made of the ticket for a whole object', async () => {
    const grant = { key, contentType: 'video/mp4', contentLength: 4, expiresAt: inAMinute() };
    const { url } = await local.backend.createUploadTicket({ ...grant, method: 'PUT' });
    const forged = url.replace('?', `?partNumber=1&uploadId=${multipartId}&`);
    const headers = { 'content-type': 'video/mp4', 'if-none-match': '*' };
    const answer = await sendRequest({ method: 'PUT', url: forged, headers, body });
    expect(answer).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });
});

describe('a completion in local mode', () => {
  it('sends the event of S3 once, and none for what the service writes itself', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'transfer-parts-'));
    const log: Log = { info: () => {}, warn: () => {}, error: () => {} };
    const local = await openLocalDependencies({
      config: readConfig({ UPLOAD_DIRECTORY: directory }),
      baseUrl: 'http://127.0.0.1:3000',
      log,
      clock: () => new Date(),
    });
    const { storage } = local.dependencies;
    const { multipartId } = await storage.createMultipartUpload({ key, contentType: 'video/mp4' });
    const part = { key, multipartId, partNumber: 1, contentLength: 4 };
    async function* pieces() {
      yield body;
    }
    const sent = await local.folder?.storage.uploadPart({ ...part, body: pieces() });
    const completion = { key, multipartId, parts: [{ partNumber: 1, eTag: `${sent?.eTag}` }], contentLength: 4 };
    const ends = await Promise.all([1, 2, 3].map(() => storage.completeMultipartUpload(completion)));
    const { eTag } = await storage.completeMultipartUpload(completion);
    expect(ends).toEqual(Array(3).fill({ eTag }));
    const to = attachmentKey({ createdAt: '2026-11-25T10:00:00Z', fileId: '1', extension: 'mp4' });
    await storage.copyFile({ from: key, to });

    const records: S3Event['Records'] = [];
    local.uploads.consume(async ({ Records }: SQSEvent) => {
      for (const message of Records) records.push(...(JSON.parse(message.body) as S3Event).Records);
      return { batchItemFailures: [] };
    });
    await local.uploads.drained();
    expect(records).toMatchObject([
      {
        eventName: 'ObjectCreated:CompleteMultipartUpload',
        s3: { object: { key, size: 4, eTag } },
      },
    ]);
    await local.uploads.stop();
    local.close();
    await rm(directory, { recursive: true });
  });
});
