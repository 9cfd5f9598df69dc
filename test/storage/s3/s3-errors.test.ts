import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, DependencyUnavailableError } from '../../../shared/errors.ts';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { s3ErrorOf } from '../../../shared/storage/s3/s3-errors.ts';
import { S3StorageBackend } from '../../../shared/storage/s3/s3-storage-backend.ts';
import { readWhole, type UploadFileInput } from '../../../shared/storage/storage-backend.ts';
import { type FaultyS3, s3Options, startFaultyS3 } from './faulty-s3.ts';

const key = storageKeyOf('a/photo.png');
const photo: UploadFileInput = { key, body: Buffer.from('photo'), contentType: 'image/png' };
const changed = { code: 'object_changed', retryable: false };
const exists = { code: 'object_exists', retryable: false };
const denied = { code: 'storage_denied', retryable: false };
const unavailable = { code: 'dependency_unavailable', retryable: true };
const conflict = { status: 409, code: 'ConditionalRequestConflict' };
const precondition = { status: 412, code: 'PreconditionFailed' };

async function* streamed() {
  yield Buffer.from('photo');
}

let s3: FaultyS3;
beforeEach(async () => {
  s3 = await startFaultyS3();
});
afterEach(() => s3.close());

describe('a write', () => {
  it.each([
    { answer: { status: 503, code: 'SlowDown' }, error: unavailable },
    { answer: { status: 500, code: 'InternalError' }, error: unavailable },
    { answer: { status: 400, code: 'RequestTimeout' }, error: unavailable },
    { answer: { status: 400, code: 'ExpiredToken' }, error: unavailable },
    { answer: { status: 403, code: 'RequestTimeTooSkewed' }, error: unavailable },
    { answer: { status: 403, code: 'AccessDenied' }, error: denied },
    { answer: { status: 403, code: 'InvalidAccessKeyId' }, error: denied },
    { answer: { status: 404, code: 'NoSuchBucket' }, error: { ...denied, message: 'the bucket does not exist' } },
    { answer: { status: 301, code: 'PermanentRedirect' }, error: denied },
    { answer: { status: 400, code: 'BadDigest' }, error: { code: 'checksum_mismatch' } },
    { answer: { status: 400, code: 'IncompleteBody' }, error: { code: 'length_mismatch' } },
    { answer: { status: 400, code: 'KeyTooLongError' }, error: { code: 'invalid_key' } },
    { answer: { hangsUp: true }, error: unavailable },
  ])('that is answered $answer fails with $error.code', async ({ answer, error }) => {
    s3.answers(answer);
    await expect(s3.backend.uploadFile(photo)).rejects.toMatchObject(error);
  });

  it('keeps the answer as the cause', async () => {
    s3.answers({ status: 403, code: 'AccessDenied' });
    const failed = s3.backend.uploadFile(photo);
    await expect(failed).rejects.toMatchObject({ cause: { name: 'AccessDenied', message: 'staged' } });
  });

  it('tells by the condition it carried what has failed', async () => {
    s3.answers(precondition);
    await expect(s3.backend.uploadFile({ ...photo, ifMatch: 'old' })).rejects.toMatchObject(changed);
    await expect(s3.backend.uploadFile({ ...photo, ifNoneMatch: '*' })).rejects.toMatchObject(exists);
    s3.answers({ status: 404, code: 'NoSuchKey' });
    await expect(s3.backend.uploadFile({ ...photo, ifMatch: 'old' })).rejects.toMatchObject(changed);
  });

  it('is sent again when it meets another write', async () => {
    s3.answers(conflict, conflict, {});
    expect(await s3.backend.uploadFile({ ...photo, ifMatch: 'old' })).toEqual({ eTag: 'tag' });
    expect(s3.requests).toEqual([`PUT ${key}`, `PUT ${key}`, `PUT ${key}`]);
  });

  it('gives up when it meets another write five times', async () => {
    s3.answers(conflict);
    await expect(s3.backend.uploadFile(photo)).rejects.toMatchObject(unavailable);
    expect(s3.requests).toHaveLength(5);
  });

  it('that was a stream is not sent again; its condition is looked at', async () => {
    const stream = () => ({ ...photo, body: streamed(), contentLength: 5 });
    s3.answers(conflict, { status: 412 });
    await expect(s3.backend.uploadFile({ ...stream(), ifMatch: 'old' })).rejects.toMatchObject(changed);
    s3.answers(conflict, { status: 404 });
    await expect(s3.backend.uploadFile({ ...stream(), ifMatch: 'old' })).rejects.toMatchObject(changed);
    s3.answers(conflict, {});
    await expect(s3.backend.uploadFile({ ...stream(), ifMatch: 'old' })).rejects.toMatchObject(unavailable);
    s3.answers(conflict, {});
    await expect(s3.backend.uploadFile({ ...stream(), ifNoneMatch: '*' })).rejects.toMatchObject(exists);
    expect(s3.requests).toEqual(
      Array(4)
        .fill([`PUT ${key}`, `HEAD ${key}`])
        .flat(),
    );
  });

  it('passes what it does not know unchanged', async () => {
    s3.answers({ status: 400, code: 'InvalidArgument' });
    const error = await s3.backend.uploadFile(photo).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InvalidArgument' });
    expect(error).not.toBeInstanceOf(AppError);
  });
});

describe('a read', () => {
  it('finds nothing, whatever condition it carried', async () => {
    s3.answers({ status: 404, code: 'NoSuchKey' });
    await expect(s3.backend.downloadFile({ key, ifMatch: 'old' })).rejects.toMatchObject({ code: 'object_not_found' });
  });

  it('that is denied is not taken for absence, though a HEAD carries no code', async () => {
    s3.answers({ status: 403 });
    await expect(s3.backend.fileExists({ key })).rejects.toMatchObject(denied);
    await expect(s3.backend.getFileInfo({ key })).rejects.toMatchObject(denied);
  });

  it('of a range that ends before it starts is refused: S3 would answer with the whole object', async () => {
    const read = s3.backend.downloadFile({ key, range: { start: 5, end: 2 } });
    await expect(read).rejects.toThrow(RangeError);
  });

  it('that breaks off is an error, never a shorter object', async () => {
    s3.answers({ headers: { etag: '"tag"', 'content-length': '10' }, body: '01234', hangsUp: true });
    const file = await s3.backend.downloadFile({ key });
    await expect(readWhole(file)).rejects.toMatchObject(unavailable);
  });
});

describe('a listing', () => {
  it('that breaks off is an error, never a shorter page', async () => {
    s3.answers({ body: '<ListBucketResult><Contents><Key>a</Key><Size>1</Size>' });
    await expect(s3.backend.listFiles({ prefix: '' })).rejects.toMatchObject(unavailable);
  });
});

describe('a deletion', () => {
  it('of what is gone already has succeeded', async () => {
    s3.answers({ status: 404, code: 'NoSuchKey' });
    await s3.backend.deleteFile({ key, ifMatch: 'old' });
    s3.answers(precondition, { status: 404 }); // a delete marker
    await s3.backend.deleteFile({ key, ifMatch: 'old' });
  });

  it('spares another version, and is sent again when it meets a write', async () => {
    s3.answers(conflict, precondition, {});
    await expect(s3.backend.deleteFile({ key, ifMatch: 'old' })).rejects.toMatchObject(changed);
    expect(s3.requests).toEqual([`DELETE ${key}`, `DELETE ${key}`, `HEAD ${key}`]);
  });
});

describe('a copy', () => {
  const to = storageKeyOf('b/photo.png');
  const copied = { body: '<CopyObjectResult><ETag>"copy"</ETag></CopyObjectResult>' };

  it('has not been made when a 200 says so', async () => {
    s3.answers({}, { body: '<Error><Code>InternalError</Code><Message>staged</Message></Error>' });
    await expect(s3.backend.copyFile({ from: key, to })).rejects.toMatchObject(unavailable);
    s3.answers({}, { body: '' });
    await expect(s3.backend.copyFile({ from: key, to })).rejects.toMatchObject(unavailable);
  });

  it('is made of the version that was looked at, or not at all', async () => {
    s3.answers({}, copied);
    await s3.backend.copyFile({ from: key, to, contentType: 'image/gif' });
    expect(s3.headers()['x-amz-copy-source-if-match']).toBe('"tag"');
  });

  it('is asked for again when it meets a write of its target', async () => {
    s3.answers({}, conflict, copied);
    expect(await s3.backend.copyFile({ from: key, to })).toEqual({ eTag: 'copy' });
  });

  it('tells a changed source from a taken target by looking at the target', async () => {
    s3.answers({}, precondition, {});
    await expect(s3.backend.copyFile({ from: key, to, ifNoneMatch: '*' })).rejects.toMatchObject(exists);
    s3.answers({}, precondition, { status: 404 });
    await expect(s3.backend.copyFile({ from: key, to, ifNoneMatch: '*' })).rejects.toMatchObject(changed);
  });
});

describe('s3ErrorOf', () => {
  it.each([
    Object.assign(new Error('silence'), { name: 'TimeoutError' }),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('cut'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }),
  ])('takes a lost connection for what a retry can help: $message', (error) => {
    expect(s3ErrorOf(error, { key })).toBeInstanceOf(DependencyUnavailableError);
    expect(s3ErrorOf(error, { key })).toMatchObject({ cause: error });
  });

  it.each([
    new TypeError('a defect'),
    Object.assign(new TypeError('a defect'), { code: 'ERR_INVALID_ARG_TYPE' }),
    new DependencyUnavailableError('named already'),
    'no error',
  ])('leaves everything else as it is: %s', (error) => {
    expect(s3ErrorOf(error, { key })).toBe(error);
  });

  it('is asked when there are no credentials', async () => {
    const credentials = async () => {
      throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    };
    const backend = new S3StorageBackend(s3Options({ credentials, endpoint: s3.endpoint }));
    const grant = { key, contentType: 'image/png', contentLength: 5, expiresAt: new Date(Date.now() + 60_000) };
    await expect(backend.uploadFile(photo)).rejects.toMatchObject(unavailable);
    await expect(backend.createUploadTicket({ ...grant, method: 'PUT' })).rejects.toMatchObject(unavailable);
    await expect(backend.createUploadTicket({ ...grant, method: 'POST' })).rejects.toMatchObject(unavailable);
    await expect(backend.checkReady()).rejects.toMatchObject(unavailable);
  });
});
