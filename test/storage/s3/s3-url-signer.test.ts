import { describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { createS3UrlSigner } from '../../../shared/storage/s3/s3-url-signer.ts';
import { s3Options, startFaultyS3 } from './faulty-s3.ts';

const key = storageKeyOf('avatars/users/ada+b@x.org/small.webp');
const path = '/avatars/users/ada%2Bb%40x.org/small.webp';
const signedAt = new Date('2026-01-02T03:04:05.678Z');
const later = (seconds: number) => new Date(signedAt.getTime() + seconds * 1000);
const WEEK = 7 * 24 * 3600;

function signerWith(changes: Parameters<typeof s3Options>[0] = {}) {
  return createS3UrlSigner(s3Options({ clock: () => signedAt, ...changes }));
}
const sign = async (changes = {}, times = { signedAt, expiresAt: later(60) }) =>
  new URL(await signerWith(changes).getFileUrl({ key, access: 'signed', ...times }));

describe('a signed address', () => {
  it.each([
    [{}, `https://photos.s3.eu-central-1.amazonaws.com${path}`],
    [{ bucket: 'photos.example.org' }, `https://s3.eu-central-1.amazonaws.com/photos.example.org${path}`],
    [{ region: 'cn-north-1' }, `https://photos.s3.cn-north-1.amazonaws.com.cn${path}`],
    [{ region: 'us-gov-west-1' }, `https://photos.s3.us-gov-west-1.amazonaws.com${path}`],
    [{ endpoint: 'http://127.0.0.1:8333' }, `http://127.0.0.1:8333/photos${path}`],
    [{ endpoint: 'https://s3.example.org/' }, `https://s3.example.org/photos${path}`],
  ])('stands where the bucket is: %j', async (changes, address) => {
    const { origin, pathname } = await sign(changes);
    expect(origin + pathname).toBe(address);
  });

  it('says when it was signed and for how long it works', async () => {
    const { searchParams } = await sign();
    expect(searchParams.get('X-Amz-Date')).toBe('20260102T030405Z');
    expect(searchParams.get('X-Amz-Expires')).toBe('60');
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(searchParams.get('X-Amz-Credential')).toBe('id/20260102/eu-central-1/s3/aws4_request');
  });

  it('is the same in all signers and for the whole second', async () => {
    const expiresAt = later(60);
    const early = { signedAt: new Date('2026-01-02T03:04:05.000Z'), expiresAt };
    const late = { signedAt: new Date('2026-01-02T03:04:05.999Z'), expiresAt };
    expect((await sign({}, early)).href).toBe((await sign({}, late)).href);
  });

  it.each([0, -1, WEEK + 1, Number.NaN])('cannot work for %d seconds', async (seconds) => {
    await expect(sign({}, { signedAt, expiresAt: later(seconds) })).rejects.toThrow(RangeError);
  });

  it('carries the token of temporary credentials', async () => {
    const credentials = async () => ({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'a+b/c=' });
    expect((await sign({ credentials })).searchParams.get('X-Amz-Security-Token')).toBe('a+b/c=');
  });
});

describe('a ticket', () => {
  const grant = { key, contentType: 'image/png', contentLength: 5, expiresAt: later(300) };

  it('signs type, length and condition, and the checksum if there is one', async () => {
    const signedHeaders = async (checksumSha256?: string) => {
      const { url } = await signerWith().signUpload({ ...grant, ...(checksumSha256 && { checksumSha256 }) });
      expect(url).not.toMatch(/checksum-sha256=/i); // in the address S3 would not look at it
      return new URL(url).searchParams.get('X-Amz-SignedHeaders');
    };
    expect(await signedHeaders()).toBe('content-length;content-type;host;if-none-match');
    expect(await signedHeaders('c3Vt')).toBe('content-length;content-type;host;if-none-match;x-amz-checksum-sha256');
  });

  it('works from the time of the clock', async () => {
    const { url } = await signerWith().signUpload(grant);
    expect(url).toContain('X-Amz-Date=20260102T030405Z&X-Amz-Expires=300&');
  });
});

describe('the address of a part', () => {
  it('signs number, upload and length, and no more', async () => {
    const part = { key, multipartId: 'a+b/c', partNumber: 7, contentLength: 5, expiresAt: later(300) };
    const { origin, pathname, searchParams } = new URL((await signerWith().signPart(part)).url);
    expect(origin + pathname).toBe(`https://photos.s3.eu-central-1.amazonaws.com${path}`);
    expect(searchParams.get('partNumber')).toBe('7');
    expect(searchParams.get('uploadId')).toBe('a+b/c');
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host');
    expect(searchParams.get('X-Amz-Expires')).toBe('300');
  });
});

describe('a public address', () => {
  it('is one of the CDN, with the version as its query', async () => {
    const signer = signerWith({ publicDomain: 'cdn.example.org' });
    const url = await signer.getFileUrl({ key, access: 'public', version: 'a b/1' });
    expect(url).toBe(`https://cdn.example.org${path}?v=a%20b%2F1`);
  });

  it('does not exist without a CDN', async () => {
    expect(await signerWith().getFileUrl({ key, access: 'public', version: '1' })).toBeUndefined();
  });
});

describe('readiness', () => {
  const unavailable = { code: 'dependency_unavailable' };

  it('is what S3 answers about the bucket', async () => {
    const s3 = await startFaultyS3();
    await expect(s3.backend.checkReady()).resolves.toBeUndefined();
    s3.answers({ status: 403 });
    await expect(s3.backend.checkReady()).rejects.toMatchObject({ code: 'storage_denied' });
    s3.answers({ status: 404 });
    const missing = { code: 'storage_denied', message: 'the bucket "photos" does not exist' };
    await expect(s3.backend.checkReady()).rejects.toMatchObject(missing);
    for (const status of [301, 400, 500, 503]) {
      s3.answers({ status });
      await expect(s3.backend.checkReady()).rejects.toMatchObject(unavailable);
    }
    s3.close();
    await expect(s3.backend.checkReady()).rejects.toMatchObject(unavailable);
    expect(s3.requests[0]).toBe('HEAD ');
  });
});
