import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { type CannedAnswer, type FaultyS3, startFaultyS3 } from './faulty-s3.ts';

const ref = { key: storageKeyOf('a/video'), multipartId: 'begun' };
const completion = { ...ref, parts: [{ partNumber: 1, eTag: 'one' }], contentLength: 3 };

const listed: CannedAnswer = {
  body: '<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>"one"</ETag><Size>3</Size></Part></ListPartsResult>',
};
const completed: CannedAnswer = {
  body: '<CompleteMultipartUploadResult><ETag>"one-1"</ETag></CompleteMultipartUploadResult>',
};
const noSuchUpload: CannedAnswer = { status: 404, code: 'NoSuchUpload' };
const objectOf = (size: number): CannedAnswer => ({ headers: { etag: '"one-1"', 'content-length': `${size}` } });
const conflict = { status: 409, code: 'ConditionalRequestConflict' };
const unavailable = { code: 'dependency_unavailable', retryable: true };
const ended = { code: 'multipart_not_found' };

const [list, complete, head] = ['GET a/video', 'POST a/video', 'HEAD a/video'];

let s3: FaultyS3;
beforeEach(async () => {
  s3 = await startFaultyS3();
});
afterEach(() => s3.close());

describe('a completion', () => {
  it('looks at the parts first, and replaces nothing', async () => {
    s3.answers(listed, completed);
    expect(await s3.backend.completeMultipartUpload(completion)).toEqual({ eTag: 'one-1' });
    expect(s3.requests).toEqual([list, complete]);
    expect(s3.headers()['if-none-match']).toBe('*');
  });

  it('whose 200 says that it failed has failed', async () => {
    s3.answers(listed, { code: 'InternalError' });
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject(unavailable);
  });

  it('whose 200 breaks off may be repeated', async () => {
    s3.answers(listed, { body: '<?xml version="1.0"?>\n    <CompleteMulti', hangsUp: true });
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject(unavailable);
  });

  it('whose answer was lost finds what it made', async () => {
    s3.answers(listed, { hangsUp: true }, noSuchUpload, objectOf(3));
    expect(await s3.backend.completeMultipartUpload(completion)).toEqual({ eTag: 'one-1' });
    expect(s3.requests).toEqual([list, complete, complete, head]);
  });

  it.each([
    { what: 'another completion', answer: conflict },
    { what: 'the object of another completion', answer: { status: 412, code: 'PreconditionFailed' } },
  ])('that meets $what finds what that one made', async ({ answer }) => {
    s3.answers(listed, answer, noSuchUpload, objectOf(3));
    expect(await s3.backend.completeMultipartUpload(completion)).toEqual({ eTag: 'one-1' });
    expect(s3.requests).toEqual([list, complete, list, head]);
  });

  it.each([
    { answer: conflict, error: unavailable },
    { answer: { status: 412, code: 'PreconditionFailed' }, error: { code: 'object_exists' } },
  ])('that meets a $answer.status each time gives up after five', async ({ answer, error }) => {
    s3.answers(...Array(4).fill([listed, answer]).flat(), listed, answer);
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject(error);
    expect(s3.requests).toHaveLength(10);
  });

  it.each([
    { found: 'nothing', answer: { status: 404 } },
    { found: 'an object of another size', answer: objectOf(4) },
  ])('of an upload that is gone, and has left $found, is none', async ({ answer }) => {
    s3.answers(noSuchUpload, answer);
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject(ended);
  });

  it.each(['InvalidPart', 'EntityTooSmall'])('meets a part that was replaced meanwhile: %s', async (code) => {
    s3.answers(listed, { status: 400, code });
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject({ code: 'invalid_parts' });
  });

  it('that is denied is not taken for an upload that is gone', async () => {
    s3.answers({ status: 403, code: 'AccessDenied' });
    await expect(s3.backend.completeMultipartUpload(completion)).rejects.toMatchObject({ code: 'storage_denied' });
    expect(s3.requests).toEqual([list]);
  });
});

describe('a list of parts', () => {
  it('that breaks off is an error, never a shorter list', async () => {
    s3.answers({ body: '<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>"one"</ETag><Size>3</Size></Part>' });
    await expect(s3.backend.listParts(ref)).rejects.toMatchObject(unavailable);
  });
});

describe('an abort', () => {
  it('of what is gone already has succeeded, but not one that is denied', async () => {
    s3.answers(noSuchUpload);
    await s3.backend.abortMultipartUpload(ref);
    s3.answers({ status: 403, code: 'AccessDenied' });
    await expect(s3.backend.abortMultipartUpload(ref)).rejects.toMatchObject({ code: 'storage_denied' });
  });
});
