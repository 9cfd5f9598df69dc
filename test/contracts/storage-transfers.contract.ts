import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { StorageTicket, UploadGrant } from '../../shared/storage/storage-backend.ts';
import { formRequest, type RequestToSend, sendRequest } from './send-request.ts';
import type { Subject } from './storage-backend.contract.ts';
import { sha256Of, textAt } from './storage-objects.contract.ts';

const bytes = Buffer.from('a small picture');
const MINUTE = 60_000;
const fromNow = (milliseconds: number) => new Date(Date.now() + milliseconds);
const signatureMismatch = { status: 403, code: 'SignatureDoesNotMatch' };
const denied = { status: 403, code: 'AccessDenied' };

type PutTicket = Extract<StorageTicket, { method: 'PUT' }>;
type PostTicket = Extract<StorageTicket, { method: 'POST' }>;

export function describeTransfers(subject: () => Subject): void {
  const withTicket = async <M extends 'PUT' | 'POST'>(method: M, grant: Partial<UploadGrant> = {}, name = 'upload') => {
    const { backend, keyOf, root } = subject();
    const key = keyOf(name);
    const defaults = { contentType: 'image/png', contentLength: bytes.byteLength, expiresAt: fromNow(5 * MINUTE) };
    const ticket = await backend.createUploadTicket({ key, method, ...defaults, ...grant });
    return { backend, key, root, ticket: ticket as M extends 'PUT' ? PutTicket : PostTicket };
  };
  const put = ({ url, headers }: PutTicket, request: Partial<RequestToSend> = {}) =>
    sendRequest({ method: 'PUT', url, headers, body: bytes, ...request });
  const post = ({ url, fields }: PostTicket, file: Uint8Array | undefined = bytes) =>
    sendRequest(formRequest(url, fields, file));

  describe('a PUT ticket', () => {
    it('stores the bytes once, under the granted key and type', async () => {
      const { backend, key, ticket } = await withTicket('PUT');
      const answer = await put(ticket);
      expect(answer.status).toBe(200);
      const info = await backend.getFileInfo({ key });
      expect(answer.headers.etag).toBe(`"${info.eTag}"`);
      expect(info).toMatchObject({ size: bytes.byteLength, contentType: 'image/png', metadata: {} });
      expect(await textAt(backend, key)).toBe(bytes.toString());
      expect(await put(ticket)).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    });

    it('names only headers that a page can set', async () => {
      const { ticket } = await withTicket('PUT', { checksumSha256: sha256Of(bytes) });
      expect(Object.keys(ticket.headers).sort()).toEqual(['content-type', 'if-none-match', 'x-amz-checksum-sha256']);
      expect(ticket.headers['if-none-match']).toBe('*');
    });

    it('lets exactly one of ten senders through', async () => {
      const { ticket } = await withTicket('PUT');
      const answers = await Promise.all(Array.from({ length: 10 }, () => put(ticket)));
      const statuses = answers.map((answer) => answer.status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 412 || status === 409)).toHaveLength(9);
    });

    it('carries megabytes', async () => {
      const large = randomBytes(8 * 1024 ** 2);
      const { backend, key, ticket } = await withTicket('PUT', {
        contentLength: large.byteLength,
        checksumSha256: sha256Of(large),
      });
      expect((await put(ticket, { body: large })).status).toBe(200);
      expect((await backend.getFileInfo({ key })).size).toBe(large.byteLength);
    });

    const changes: { change: string; request: (ticket: PutTicket) => Partial<RequestToSend> }[] = [
      { change: 'another type', request: ({ headers }) => ({ headers: { ...headers, 'content-type': 'text/html' } }) },
      { change: 'no type', request: () => ({ headers: { 'if-none-match': '*' } }) },
      { change: 'no condition', request: () => ({ headers: { 'content-type': 'image/png' } }) },
      { change: 'a longer body', request: () => ({ body: Buffer.concat([bytes, bytes]) }) },
      { change: 'a shorter body', request: () => ({ body: bytes.subarray(1) }) },
      { change: 'another key', request: ({ url }) => ({ url: url.replace('/upload?', '/another?') }) },
      { change: 'a key below', request: ({ url }) => ({ url: url.replace('/upload?', '/upload/x?') }) },
      { change: 'another method', request: () => ({ method: 'GET', body: new Uint8Array() }) },
    ];
    it.each(changes)('does not admit $change', async ({ request }) => {
      const { backend, root, ticket } = await withTicket('PUT');
      expect(await put(ticket, request(ticket))).toMatchObject(signatureMismatch);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('does not admit another checksum, nor none', async () => {
      const { backend, key, ticket } = await withTicket('PUT', { checksumSha256: sha256Of(bytes) });
      const headers = { ...ticket.headers, 'x-amz-checksum-sha256': sha256Of('other') };
      expect(await put(ticket, { headers })).toMatchObject(signatureMismatch);
      const { 'x-amz-checksum-sha256': _, ...without } = ticket.headers;
      expect(await put(ticket, { headers: without })).toMatchObject(signatureMismatch);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('does not admit bytes that have another checksum', async () => {
      const { backend, key, ticket } = await withTicket('PUT', { checksumSha256: sha256Of(bytes) });
      const body = Buffer.from(bytes).reverse();
      expect(await put(ticket, { body })).toMatchObject({ status: 400, code: 'BadDigest' });
      expect(await backend.fileExists({ key })).toBe(false);
      expect((await put(ticket)).status).toBe(200);
    });

    it.each([
      'x-amz-meta-generation',
      'x-amz-acl',
      'x-amz-tagging',
      'x-amz-storage-class',
      'x-amz-website-redirect-location',
    ])('does not let the client choose %s', async (name) => {
      const { backend, key, ticket } = await withTicket('PUT');
      const headers = { ...ticket.headers, [name]: '9' };
      const answer = await put(ticket, { headers });
      expect(answer.status).toBe(403);
      expect(['AccessDenied', 'SignatureDoesNotMatch']).toContain(answer.code); // S3's guide names no code for this
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('does not admit a body without a length', async () => {
      const { backend, key, ticket } = await withTicket('PUT');
      const answer = await put(ticket, { chunked: true });
      expect([403, 411]).toContain(answer.status); // S3: whichever of signature and length it looks at first
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('ends', async () => {
      const { backend, key, ticket } = await withTicket('PUT', { expiresAt: fromNow(1000) });
      await sleep(2100);
      expect(await put(ticket)).toMatchObject(denied);
      expect(await backend.fileExists({ key })).toBe(false);
    });
  });

  describe('a POST ticket', () => {
    it('stores the bytes under the granted key and type, again and again', async () => {
      const { backend, key, ticket } = await withTicket('POST');
      const answer = await post(ticket);
      expect(answer.status).toBe(204);
      const first = await backend.getFileInfo({ key });
      expect(first).toMatchObject({ size: bytes.byteLength, contentType: 'image/png', metadata: {} });
      expect(answer.headers.etag).toBe(`"${first.eTag}"`);
      const other = Buffer.from(bytes).reverse();
      expect((await post(ticket, other)).status).toBe(204);
      expect(await textAt(backend, key)).toBe(other.toString());
    });

    it('carries bytes that look like the form around them', async () => {
      const tricky = Buffer.from('\r\n--form-boundary-012345678\r\n\r\n--form-boundary\r\n--\r');
      const { backend, key, ticket } = await withTicket('POST', { contentLength: tricky.byteLength });
      expect((await post(ticket, tricky)).status).toBe(204);
      expect(await textAt(backend, key)).toBe(tricky.toString());
    });

    it.each([
      {
        change: 'a larger file',
        file: Buffer.concat([bytes, bytes]),
        refusal: { status: 400, code: 'EntityTooLarge' },
      },
      { change: 'a much larger file', file: Buffer.alloc(1024 ** 2), refusal: { status: 400, code: 'EntityTooLarge' } },
      { change: 'a smaller file', file: bytes.subarray(1), refusal: { status: 400, code: 'EntityTooSmall' } },
      { change: 'an empty file', file: bytes.subarray(0, 0), refusal: { status: 400, code: 'EntityTooSmall' } },
    ])('does not admit $change', async ({ file, refusal }) => {
      const { backend, key, ticket } = await withTicket('POST');
      expect(await post(ticket, file)).toMatchObject(refusal);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    const changes: { change: string; fields: (fields: PostTicket['fields']) => PostTicket['fields'] }[] = [
      { change: 'another key', fields: (fields) => ({ ...fields, key: `${fields.key}x` }) },
      { change: 'another type', fields: (fields) => ({ ...fields, 'Content-Type': 'text/html' }) },
      { change: 'a further field', fields: (fields) => ({ ...fields, acl: 'public-read' }) },
      { change: 'metadata', fields: (fields) => ({ ...fields, 'x-amz-meta-generation': '9' }) },
      { change: 'a redirect', fields: (fields) => ({ ...fields, success_action_redirect: 'http://example.com' }) },
    ];
    it.each(changes)('does not admit $change', async ({ fields }) => {
      const { backend, root, ticket } = await withTicket('POST');
      expect(await post({ ...ticket, fields: fields(ticket.fields) })).toMatchObject(denied);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('does not admit another policy', async () => {
      const { backend, key, ticket } = await withTicket('POST');
      const name = Object.keys(ticket.fields).find((field) => field.toLowerCase() === 'policy') ?? '';
      const policy = JSON.parse(Buffer.from(ticket.fields[name] ?? '', 'base64').toString());
      policy.expiration = fromNow(60 * MINUTE).toISOString();
      const forged = { ...ticket.fields, [name]: Buffer.from(JSON.stringify(policy)).toString('base64') };
      expect(await post({ ...ticket, fields: forged })).toMatchObject(signatureMismatch);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('needs a file', async () => {
      const { ticket } = await withTicket('POST');
      const answer = await sendRequest(formRequest(ticket.url, ticket.fields, undefined));
      expect(answer.status).toBe(400);
    });

    it('ends', async () => {
      const { backend, key, ticket } = await withTicket('POST', { expiresAt: fromNow(1000) });
      await sleep(2100);
      expect(await post(ticket)).toMatchObject(denied);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('cannot promise a checksum', async () => {
      await expect(withTicket('POST', { checksumSha256: sha256Of(bytes) })).rejects.toThrow();
    });
  });

  describe('a signed address', () => {
    const withObject = async (name = 'photo.png') => {
      const { backend, keyOf } = subject();
      const key = keyOf(name);
      const headers = { contentType: 'image/png', cacheControl: 'no-store', contentDisposition: 'attachment' };
      const { eTag } = await backend.uploadFile({ key, body: Buffer.from('0123456789'), ...headers });
      const sign = (options: { signedAt?: Date; expiresAt?: Date } & Record<`response${string}`, string> = {}) =>
        backend.getFileUrl({ key, access: 'signed', signedAt: fromNow(-1000), expiresAt: fromNow(MINUTE), ...options });
      return { backend, key, eTag, sign };
    };
    const get = (url: string, headers: Record<string, string> = {}) => sendRequest({ method: 'GET', url, headers });

    it.each(['photo.png', 'with space+plus%?#&.png', 'Grüße/🦊'])('reads the object, named %j', async (name) => {
      const { eTag, sign } = await withObject(name);
      const answer = await get(await sign());
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe('0123456789');
      expect(answer.headers).toMatchObject({
        etag: `"${eTag}"`,
        'content-type': 'image/png',
        'content-length': '10',
        'cache-control': 'no-store',
        'content-disposition': 'attachment',
      });
      expect(answer.headers).toHaveProperty('last-modified');
    });

    it('can replace headers of the answer', async () => {
      const { sign } = await withObject();
      const disposition = 'attachment; filename="a.txt"; filename*=UTF-8\'\'%C3%A9.txt';
      const url = await sign({
        responseContentType: 'application/octet-stream',
        responseContentDisposition: disposition,
        responseCacheControl: 'private, max-age=60',
      });
      const { headers } = await get(url);
      expect(headers['content-type']).toBe('application/octet-stream');
      expect(headers['content-disposition']).toBe(disposition);
      expect(headers['cache-control']).toBe('private, max-age=60');
    });

    it('is the same for the same second and another for another', async () => {
      const { sign } = await withObject();
      const signedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
      const expiresAt = new Date(signedAt.getTime() + MINUTE);
      expect(await sign({ signedAt, expiresAt })).toBe(await sign({ signedAt, expiresAt }));
      const later = new Date(signedAt.getTime() - 5000);
      expect(await sign({ signedAt: later, expiresAt })).not.toBe(await sign({ signedAt, expiresAt }));
    });

    it('ends', async () => {
      const { sign } = await withObject();
      expect(await get(await sign({ signedAt: fromNow(-2 * MINUTE), expiresAt: fromNow(-MINUTE) }))).toMatchObject(
        denied,
      );
    });

    it('works for 7 days at most', async () => {
      const { sign } = await withObject();
      const signedAt = fromNow(-1000);
      const week = 7 * 24 * 60 * MINUTE;
      expect((await get(await sign({ signedAt, expiresAt: new Date(signedAt.getTime() + week) }))).status).toBe(200);
      await expect(sign({ signedAt, expiresAt: new Date(signedAt.getTime() + week + 1000) })).rejects.toThrow();
    });

    it('reads nothing else', async () => {
      const { backend, key, sign } = await withObject();
      const url = await sign({ responseContentType: 'image/png' });
      await backend.copyFile({ from: key, to: `${key}2` as typeof key });
      expect(await get(url.replace('photo.png?', 'photo.png2?'))).toMatchObject(signatureMismatch);
      expect(await get(url.replace('image%2Fpng', 'text%2Fhtml'))).toMatchObject(signatureMismatch);
      expect(await get(`${url}&response-content-language=x`)).toMatchObject(signatureMismatch);
      expect(await get(url.replace(/\?.*/, ''))).toMatchObject(denied);
      const written = await sendRequest({ method: 'PUT', url, body: bytes });
      expect(written.status).toBe(403);
      expect(await textAt(backend, key)).toBe('0123456789');
    });

    it('does not look whether the object exists, but its answer does', async () => {
      const { backend, key, sign } = await withObject();
      await backend.deleteFile({ key });
      expect(await get(await sign())).toMatchObject({ status: 404, code: 'NoSuchKey' });
    });

    it('answers ranges and conditions', async () => {
      const { eTag, sign } = await withObject();
      const url = await sign();
      const part = await get(url, { range: 'bytes=2-4' });
      expect(part).toMatchObject({ status: 206, body: Buffer.from('234') });
      expect(part.headers['content-range']).toBe('bytes 2-4/10');
      expect(await get(url, { range: 'bytes=-3' })).toMatchObject({ status: 206, body: Buffer.from('789') });
      expect(await get(url, { range: 'bytes=8-99' })).toMatchObject({ status: 206, body: Buffer.from('89') });
      expect(await get(url, { range: 'bytes=10-' })).toMatchObject({ status: 416, code: 'InvalidRange' });
      expect((await get(url, { 'if-none-match': `"${eTag}"` })).status).toBe(304);
      expect((await get(url, { 'if-none-match': '"other"' })).status).toBe(200);
      expect((await get(url, { 'if-match': `"${eTag}"` })).status).toBe(200);
      expect(await get(url, { 'if-match': '"other"' })).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    });
  });
}
