import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { S3StorageBackend } from '../../../shared/storage/s3/s3-storage-backend.ts';
import type { UploadFileInput } from '../../../shared/storage/storage-backend.ts';
import { s3Options } from './faulty-s3.ts';

/*
 * Faults as the SDK throws them, when its own tries are over. What is sent is what the adapter sends; the answers of
 * an HTTP server, and what the SDK makes of them, are in s3-errors.test.ts.
 */

const key = storageKeyOf('a/photo.png');
const body = Buffer.from('photo');
const photo = { key, body, contentType: 'image/png' };
const OLD = { ifMatch: 'old' };
const NEW = { ifNoneMatch: '*' } as const;
const changed = { code: 'object_changed', retryable: false };
const exists = { code: 'object_exists', retryable: false };
const denied = { code: 'storage_denied', retryable: false };
const unavailable = { code: 'dependency_unavailable', retryable: true };
const MIB = 1024 ** 2;

const s3 = mockClient(S3Client);
const backend = new S3StorageBackend(s3Options());
vi.spyOn(Math, 'random').mockReturnValue(0); // the pauses between tries are a random share of their longest
beforeEach(() => {
  s3.reset();
});
afterAll(() => {
  s3.restore();
  vi.restoreAllMocks();
});

/** The operations the adapter asked for, in order. */
function sent(): string[] {
  return s3.calls().map(({ args: [command] }) => command.constructor.name.replace(/Command$/, ''));
}

function fault(name: string, httpStatusCode: number): Error {
  return new S3ServiceException({ name, message: 'staged', $fault: 'client', $metadata: { httpStatusCode } });
}

const conflict = () => fault('ConditionalRequestConflict', 409);
const slowDown = () => fault('SlowDown', 503);
const timeout = () => Object.assign(new Error('silence'), { name: 'TimeoutError' });
const reset = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

describe('a write', () => {
  it.each<[string, Partial<UploadFileInput>, Error, object]>([
    ['that S3 throttles is unavailable for now', {}, slowDown(), unavailable],
    ['without an answer in time is unavailable for now', OLD, timeout(), unavailable],
    ['whose connection is reset is unavailable for now', NEW, reset(), unavailable],
    ['over a version that was replaced finds it changed', OLD, fault('PreconditionFailed', 412), changed],
    ['over a version that was deleted finds it changed', OLD, fault('NoSuchKey', 404), changed],
    ['where nothing may stand finds what stands there', NEW, fault('PreconditionFailed', 412), exists],
    ['that is not allowed is denied for good', OLD, fault('AccessDenied', 403), denied],
    ['to a bucket that is not there is denied for good', OLD, fault('NoSuchBucket', 404), denied],
  ])('%s, and is sent once', async (_what, condition, error, expected) => {
    s3.on(PutObjectCommand).rejects(error);
    await expect(backend.uploadFile({ ...photo, ...condition })).rejects.toMatchObject({ ...expected, cause: error });
    expect(sent()).toEqual(['PutObject']);
  });

  it.each([
    [OLD, { IfMatch: '"old"' }],
    [NEW, { IfNoneMatch: '*' }],
  ])('with %o that meets another one is sent again as it was, and is written', async (condition, expected) => {
    s3.on(PutObjectCommand).rejectsOnce(conflict()).resolves({ ETag: '"new"' });
    expect(await backend.uploadFile({ ...photo, ...condition })).toEqual({ eTag: 'new' });
    expect(s3.commandCalls(PutObjectCommand, { Key: key, Body: body, ...expected })).toHaveLength(2);
    expect(sent()).toHaveLength(2);
  });

  it('that meets another one and then fails its condition finds it changed', async () => {
    s3.on(PutObjectCommand).rejectsOnce(conflict()).rejects(fault('PreconditionFailed', 412));
    await expect(backend.uploadFile({ ...photo, ...OLD })).rejects.toMatchObject(changed);
    expect(sent()).toEqual(['PutObject', 'PutObject']);
  });

  it('that meets another one each time is unavailable after five, while its condition still holds', async () => {
    s3.on(PutObjectCommand).rejects(conflict());
    s3.on(HeadObjectCommand, { IfMatch: '"old"' }).resolves({ ETag: '"old"' });
    await expect(backend.uploadFile({ ...photo, ...OLD })).rejects.toMatchObject(unavailable);
    expect(sent()).toEqual([...Array(5).fill('PutObject'), 'HeadObject']);
  });
});

describe('a deletion', () => {
  it('that meets a write is sent again', async () => {
    s3.on(DeleteObjectCommand).rejectsOnce(conflict()).resolves({});
    await backend.deleteFile({ key, ...OLD });
    expect(sent()).toEqual(['DeleteObject', 'DeleteObject']);
  });

  it.each<[string, Error, object]>([
    ['that S3 throttles is unavailable for now', slowDown(), unavailable],
    ['that is not allowed is denied for good', fault('AccessDenied', 403), denied],
    ['in a bucket that is not there is denied, and no success', fault('NoSuchBucket', 404), denied],
  ])('%s', async (_what, error, expected) => {
    s3.on(DeleteObjectCommand).rejects(error);
    await expect(backend.deleteFile({ key, ...OLD })).rejects.toMatchObject(expected);
    expect(sent()).toEqual(['DeleteObject']);
  });
});

describe('a look', () => {
  it.each<[string, Error, object]>([
    ['that S3 throttles', slowDown(), unavailable],
    ['without an answer in time', timeout(), unavailable],
    ['that is not allowed', fault('AccessDenied', 403), denied],
  ])('%s says nothing about what stands there', async (_what, error, expected) => {
    s3.on(HeadObjectCommand).rejects(error);
    s3.on(ListObjectsV2Command).rejects(error);
    await expect(backend.fileExists({ key })).rejects.toMatchObject(expected);
    await expect(backend.listFiles({ prefix: 'a/' })).rejects.toMatchObject(expected);
    expect(sent()).toEqual(['HeadObject', 'ListObjectsV2']);
  });
});

describe('a copy in parts', () => {
  it('whose upload is gone meanwhile is unavailable for now: no client knows of that upload', async () => {
    s3.on(HeadObjectCommand).resolves({ ETag: '"old"', ContentLength: 300 * MIB });
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'begun' });
    s3.on(UploadPartCopyCommand).rejects(fault('NoSuchUpload', 404));
    s3.on(AbortMultipartUploadCommand).resolves({});
    const copy = backend.copyFile({ from: key, to: storageKeyOf('b/photo.png') });
    await expect(copy).rejects.toMatchObject(unavailable);
  });

  it('whose part is throttled is unavailable for now, and what was begun is given up', async () => {
    s3.on(HeadObjectCommand).resolves({ ETag: '"old"', ContentLength: 300 * MIB });
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'begun' });
    s3.on(UploadPartCopyCommand).resolves({ CopyPartResult: { ETag: '"part"' } });
    s3.on(UploadPartCopyCommand, { PartNumber: 2 }).rejects(slowDown());
    s3.on(AbortMultipartUploadCommand).rejects(timeout()); // not what its caller is told
    const copy = backend.copyFile({ from: key, to: storageKeyOf('b/photo.png') });
    await expect(copy).rejects.toMatchObject({ ...unavailable, cause: { name: 'SlowDown' } });
    const parts = Array(3).fill('UploadPartCopy');
    expect(sent()).toEqual(['HeadObject', 'CreateMultipartUpload', ...parts, 'AbortMultipartUpload']);
    expect(s3.commandCalls(AbortMultipartUploadCommand, { UploadId: 'begun' })).toHaveLength(1);
  });
});
