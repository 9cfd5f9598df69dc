import { randomBytes } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StorageOfParts } from '../../../functions/local/transfer-upload.ts';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import type { UploadGrant } from '../../../shared/storage/storage-backend.ts';
import { failingStorage } from '../../contracts/failing-storage.ts';
import { formRequest, type RequestToSend, sendRequest } from '../../contracts/send-request.ts';
import { type LocalStorageUnderTest, openLocalStorage } from '../../storage/local/open-local-storage.ts';

const key = storageKeyOf('temp/uploads/1');
const MIB = 1024 ** 2;

let local: LocalStorageUnderTest;
let faults: ReturnType<typeof failingStorage<StorageOfParts>>;
beforeEach(async () => {
  local = await openLocalStorage((backend) => {
    faults = failingStorage(backend);
    return faults.storage;
  });
});
afterEach(() => local.close());

const inAMinute = () => new Date(Date.now() + 60_000);

async function ticketFor(method: 'PUT' | 'POST', grant: Partial<UploadGrant> = {}) {
  const defaults = { key, method, contentType: 'image/png', contentLength: 4, expiresAt: inAMinute() };
  return local.backend.createUploadTicket({ ...defaults, ...grant });
}

async function putRequest(body: Uint8Array) {
  const ticket = await ticketFor('PUT', { contentLength: body.byteLength });
  if (ticket.method !== 'PUT') throw new Error('not a PUT ticket');
  return { method: 'PUT', url: ticket.url, headers: ticket.headers, body };
}

async function postRequest(file: Uint8Array | undefined, grant: Partial<UploadGrant> = {}) {
  const ticket = await ticketFor('POST', grant);
  if (ticket.method !== 'POST') throw new Error('not a POST ticket');
  return formRequest(ticket.url, ticket.fields, file);
}

function headOf({ method, url, headers = {}, body }: RequestToSend): string {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries({ host, 'content-length': body?.byteLength ?? 0, ...headers });
  return `${method} ${pathname}${search} HTTP/1.1\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n`;
}

/** What the server says first on a connection of its own. */
function exchange(url: string, send: (socket: Socket) => void): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => send(socket.pause()));
    socket.on('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.pause();
  });
}

/** Most clients send the whole body before they look for an answer. */
function sendThenRead(request: RequestToSend): Promise<string> {
  return exchange(request.url, (socket) => {
    socket.write(headOf(request));
    socket.write(request.body ?? '', (error) => (error ? socket.destroy(error) : socket.resume()));
  });
}

const signedUrl = () => {
  const signedAt = new Date();
  return local.backend.getFileUrl({ key, access: 'signed', signedAt, expiresAt: inAMinute() });
};

const nothingStored = async () => {
  expect(await local.backend.listFiles({ prefix: '' })).toEqual({ files: [] });
  await vi.waitFor(async () => expect(await readdir(join(local.directory, '.incoming')).catch(() => [])).toEqual([]));
};

describe('the transfer routes', () => {
  it('leave every other path alone', async () => {
    for (const path of ['/', '/storages', '/api/storage/x', '/Storage/x']) {
      expect((await sendRequest({ method: 'GET', url: `${local.baseUrl}${path}` })).status).toBe(418);
    }
  });

  it('refuse in the words of S3, as XML that cannot be broken out of', async () => {
    const answer = await sendRequest({ method: 'GET', url: `${local.baseUrl}/storage/a?signature=x` });
    expect(answer.status).toBe(403);
    expect(answer.headers['content-type']).toBe('application/xml');
    expect(answer.body.toString()).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>SignatureDoesNotMatch<\/Code><Message>[^<>]+<\/Message><RequestId>[^<>]+<\/RequestId><\/Error>$/,
    );
    const form = await postRequest(Buffer.from('four'));
    const evil = Buffer.from(form.body?.toString().replace('name="policy"', 'name="<b>&"') ?? '');
    const broken = await sendRequest({ ...form, body: evil });
    expect(broken.body.toString()).not.toContain('<b>');
  });

  it.each(['DELETE', 'PATCH', 'TRACE'])('do not know %s', async (method) => {
    const answer = await sendRequest({ method, url: `${local.baseUrl}/storage/a` });
    expect(answer).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
    expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS, POST, PUT');
  });

  it.each(['/storage/%zz', '/storage/%ff'])('refuse the malformed path %s', async (path) => {
    const answer = await sendRequest({ method: 'GET', url: `${local.baseUrl}${path}` });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidURI' });
  });

  it.each(['/storage/..%2fsecret', '/storage/a%2f..%2f..%2fsecret', '/storage//etc/passwd', '/storage/'])(
    'refuse the path %s before anything is looked up',
    async (path) => {
      const answer = await sendRequest({
        method: 'GET',
        url: `${local.baseUrl}${path}?signature=x&expires=9999999999`,
      });
      expect(answer.status).toBe(403);
    },
  );

  it('let nothing of an object run in a browser', async () => {
    await local.backend.uploadFile({ key, body: Buffer.from('<script>'), contentType: 'text/html' });
    for (const url of [await signedUrl(), `${local.baseUrl}/storage/absent`]) {
      expect((await sendRequest({ method: 'GET', url })).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'cross-origin-resource-policy': 'cross-origin',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'ETag',
      });
    }
  });

  it('answer an unforeseen failure with 500 and log it, a passing one with 503', async () => {
    const failure = new Error('unforeseen');
    faults.failOnce({ method: 'uploadFile', error: failure, when: 'before' });
    const request = await putRequest(randomBytes(MIB));
    expect(await sendRequest(request)).toMatchObject({ status: 500, code: 'InternalError' });
    expect(local.logged).toEqual([{ error: failure }]);
    faults.failOnce({ method: 'uploadFile', error: new DependencyUnavailableError('full'), when: 'before' });
    expect(await sendRequest(request)).toMatchObject({ status: 503, code: 'ServiceUnavailable' });
    expect((await sendRequest(request)).status).toBe(200);
  });
});

describe('a preflight', () => {
  const preflight = (headers: Record<string, string>) =>
    sendRequest({ method: 'OPTIONS', url: `${local.baseUrl}/storage/a`, headers });
  const origin = 'https://app.example.com';

  it.each(['PUT', 'POST', 'GET', 'HEAD'])('allows %s with the headers of a ticket', async (method) => {
    const answer = await preflight({
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'Content-Type, if-none-match,x-amz-checksum-sha256',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['access-control-allow-methods']).toContain(method);
    expect(answer.headers['access-control-allow-headers']).toBe('content-type, if-none-match, x-amz-checksum-sha256');
  });

  it('refuses other methods and headers', async () => {
    const forbidden = { status: 403, code: 'AccessForbidden' };
    expect(await preflight({ origin, 'access-control-request-method': 'DELETE' })).toMatchObject(forbidden);
    const headers = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-amz-acl' };
    expect(await preflight({ origin, ...headers })).toMatchObject(forbidden);
    expect(await preflight({})).toMatchObject({ status: 400, code: 'BadRequest' });
  });
});

describe('PUT', () => {
  it('needs a length', async () => {
    const answer = await sendRequest({ ...(await putRequest(Buffer.from('four'))), chunked: true });
    expect(answer).toMatchObject({ status: 411, code: 'MissingContentLength' });
  });

  it('stores nothing of a connection that is cut', async () => {
    const { url, headers } = await putRequest(Buffer.alloc(MIB));
    await new Promise<void>((resolve) => {
      const request = httpRequest(url, { method: 'PUT', headers: { ...headers, 'content-length': MIB } });
      request.on('error', () => resolve());
      request.write(Buffer.alloc(MIB / 2), () => request.destroy(new Error('cut')));
    });
    await nothingStored();
    expect(local.created).toEqual([]);
    expect(local.logged).toEqual([]);
  });

  it('shows its refusal to a client that looks up only after it has sent everything', async () => {
    const request = await putRequest(Buffer.alloc(12 * MIB));
    const answer = await sendThenRead({ ...request, url: request.url.replace('signature=', 'signature=x') });
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    expect(answer).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect(answer).toMatch(/^connection: close\r$/im);
  });

  it('shows a failure in the middle of the body, too', async () => {
    const full = async ({ body }: { body: AsyncIterable<Uint8Array> }) => {
      for await (const _ of body) throw new DependencyUnavailableError('the disk is full');
    };
    const failing = await openLocalStorage((backend) => Object.assign(Object.create(backend), { uploadFile: full }));
    const grant = {
      key,
      method: 'PUT',
      contentType: 'image/png',
      contentLength: 12 * MIB,
      expiresAt: inAMinute(),
    } as const;
    const ticket = await failing.backend.createUploadTicket(grant);
    if (ticket.method !== 'PUT') throw new Error('not a PUT ticket');
    const answer = await sendThenRead({ ...ticket, body: Buffer.alloc(12 * MIB) });
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    await failing.close();
  });

  it('refuses what is there already before it reads the body', async () => {
    const request = await putRequest(Buffer.alloc(4));
    await local.backend.uploadFile({ key, body: Buffer.from('kept'), contentType: 'image/png' });
    const answer = await exchange(request.url, (socket) => socket.resume().write(headOf(request)));
    expect(answer).toMatch(/^HTTP\/1.1 412 /);
  });

  it('verifies the key as it is decoded, however it is escaped', async () => {
    const request = await putRequest(Buffer.from('four'));
    const answer = await sendRequest({
      ...request,
      url: request.url.replace('temp/uploads/1', '%74emp%2Fuploads/%31'),
    });
    expect(answer.status).toBe(200);
    expect(await local.backend.fileExists({ key })).toBe(true);
  });
});

describe('POST', () => {
  it('says where the object is', async () => {
    const answer = await sendRequest(await postRequest(Buffer.from('four')));
    expect(answer.status).toBe(204);
    expect(answer.headers.location).toBe('/storage/temp/uploads/1');
  });

  it('is understood from browsers and fetch', async () => {
    const ticket = await ticketFor('POST');
    const form = new FormData();
    if (ticket.method === 'POST') for (const [name, value] of Object.entries(ticket.fields)) form.set(name, value);
    form.set('file', new Blob(['four'], { type: 'text/html' }), 'a"b;name="key".png');
    const answer = await fetch(ticket.url, { method: 'POST', body: form });
    expect(answer.status).toBe(204);
    expect(await local.backend.getFileInfo({ key })).toMatchObject({ size: 4, contentType: 'image/png' });
  });

  it.each([1, 2, 3, 7, 64])('does not depend on how the form is cut into pieces: %i bytes each', async (size) => {
    const request = await postRequest(Buffer.from('\r\n--'));
    const body = request.body ?? Buffer.of();
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { ...request.headers, 'content-length': body.byteLength };
      const sent = httpRequest(request.url, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
      sent.setNoDelay(true);
      (async () => {
        for (let at = 0; at < body.byteLength; at += size) {
          await new Promise<unknown>((written) => sent.write(body.subarray(at, at + size), written));
        }
        sent.end();
      })();
    });
    expect(answer).toBe(204);
    const { info } = await local.backend.downloadFile({ key }).then(async (file) => {
      for await (const _ of file.body);
      return file;
    });
    expect(info.size).toBe(4);
  });

  it('refuses in the words of S3', async () => {
    const message = async (request: Awaited<ReturnType<typeof postRequest>>) =>
      /<Message>(.*)<\/Message>/.exec((await sendRequest(request)).body.toString())?.[1];
    const form = await postRequest(Buffer.from('four'));
    const changed = (from: string, to: string) => ({ ...form, body: Buffer.from(`${form.body}`.replace(from, to)) });
    expect(await message(changed('image/png', 'text/html'))).toBe(
      'Invalid according to Policy: Policy Condition failed: ["eq","$Content-Type","image/png"]',
    );
    expect(await message(changed('name="Content-Type"', 'name="acl"'))).toContain('Policy Condition failed');
    const expired = await postRequest(Buffer.from('four'), { expiresAt: new Date(Date.now() - 1000) });
    expect(await message(expired)).toBe('Invalid according to Policy: Policy expired.');
  });

  const four = Buffer.from('four');
  it('refuses what is no form, or no whole one', async () => {
    const form = await postRequest(four);
    const json = await sendRequest({ ...form, headers: { 'content-type': 'application/json' } });
    expect(json).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    const malformed = { status: 400, code: 'MalformedPOSTRequest' };
    const noBoundary = await sendRequest({ ...form, headers: { 'content-type': 'multipart/form-data; x=y' } });
    expect(noBoundary).toMatchObject(malformed);
    const whole = form.body ?? four;
    for (const length of [0, 10, 60, 200, whole.byteLength - 60, whole.byteLength - 30]) {
      expect(await sendRequest({ ...form, body: whole.subarray(0, length) })).toMatchObject(malformed);
    }
    const noFile = await sendRequest(await postRequest(undefined));
    expect(noFile).toMatchObject({ status: 400, code: 'InvalidArgument' });
    const unsigned = await sendRequest(formRequest(`${local.baseUrl}/storage`, { key }, four));
    expect(unsigned).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(await sendRequest({ ...form, chunked: true })).toMatchObject({ status: 411, code: 'MissingContentLength' });
    await nothingStored();
  });

  it('reads no more than 20 KiB before the file', async () => {
    const request = formRequest(`${local.baseUrl}/storage`, { a: 'x'.repeat(30_000) }, four);
    expect(await sendRequest(request)).toMatchObject({ status: 400, code: 'MaxPostPreDataLengthExceeded' });
    const endless = { ...request, body: Buffer.alloc(MIB, 'x') };
    expect(await sendRequest(endless)).toMatchObject({ status: 400, code: 'MaxPostPreDataLengthExceeded' });
  });

  it('refuses a form that is announced far too large before it stores any of it', async () => {
    faults.failOnce({ method: 'uploadFile', error: new Error('reached'), when: 'before' });
    const answer = await sendRequest(await postRequest(Buffer.alloc(12 * MIB)));
    expect(answer).toMatchObject({ status: 400, code: 'EntityTooLarge' });
    expect(faults.pending).toHaveLength(1);
    await nothingStored();
  });
});

describe('GET', () => {
  const get = async (headers: Record<string, string>) =>
    sendRequest({ method: 'GET', url: await signedUrl(), headers });

  beforeEach(() => local.backend.uploadFile({ key, body: Buffer.from('0123456789'), contentType: 'text/plain' }));

  it('has a HEAD that says the same without the bytes', async () => {
    const url = await signedUrl();
    const [head, whole] = [await sendRequest({ method: 'HEAD', url }), await sendRequest({ method: 'GET', url })];
    expect(head.status).toBe(200);
    expect(head.body.byteLength).toBe(0);
    for (const name of ['etag', 'content-length', 'content-type', 'last-modified', 'accept-ranges']) {
      expect(head.headers[name]).toBe(whole.headers[name]);
    }
    await local.backend.deleteFile({ key });
    const absent = await sendRequest({ method: 'HEAD', url });
    expect(absent.status).toBe(404);
    expect(absent.body.byteLength).toBe(0);
  });

  it.each(['bytes=0-1,3-4', 'bytes=5-2', 'bytes=-', 'bytes=a-b', 'items=0-1', 'bytes=1-2-3'])(
    'answers the range %j with the whole object',
    async (range) => {
      expect(await get({ range })).toMatchObject({ status: 200, body: Buffer.from('0123456789') });
    },
  );

  it.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('has nothing to give for the range %j', async (range) => {
    const answer = await get({ range });
    expect(answer).toMatchObject({ status: 416, code: 'InvalidRange' });
    expect(answer.headers['content-range']).toBe('bytes */10');
  });

  it('gives more than there is as what there is', async () => {
    expect(await get({ range: 'bytes=-99' })).toMatchObject({ status: 206, body: Buffer.from('0123456789') });
  });

  it('continues a download only of the same version', async () => {
    const { eTag } = await local.backend.getFileInfo({ key });
    expect((await get({ range: 'bytes=5-', 'if-range': `"${eTag}"` })).status).toBe(206);
    expect((await get({ range: 'bytes=5-', 'if-range': '"other"' })).status).toBe(200);
  });

  it('compares lists of ETags, weak ones and any', async () => {
    const { eTag } = await local.backend.getFileInfo({ key });
    for (const list of [`"x", "${eTag}"`, `W/"${eTag}"`, '*']) {
      expect((await get({ 'if-none-match': list })).status).toBe(304);
    }
  });

  it('serves an empty object', async () => {
    await local.backend.uploadFile({ key, body: new Uint8Array(), contentType: 'text/plain' });
    expect(await get({})).toMatchObject({ status: 200, body: Buffer.of() });
    expect(await get({ range: 'bytes=0-' })).toMatchObject({ status: 416, code: 'InvalidRange' });
  });

  it.runIf(process.platform === 'linux')('lets go of the file when nobody reads on', async () => {
    await local.backend.uploadFile({ key, body: Buffer.alloc(64 * MIB), contentType: 'text/plain' });
    const url = await signedUrl();
    await new Promise<void>((resolve, reject) => {
      const request = httpRequest(url, (response) => {
        response.once('data', () => {
          request.destroy();
          resolve();
        });
        response.on('error', () => {});
      });
      request.on('error', reject);
      request.end();
    });
    const openFiles = async () => {
      const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
      return (await Promise.all(links)).filter((path) => path.startsWith(local.directory));
    };
    await vi.waitFor(async () => expect(await openFiles()).toEqual([]));
    expect(local.logged).toEqual([]);
  });
});
