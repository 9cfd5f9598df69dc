import { describe, expect, it } from 'vitest';
import { zipFile } from '../fixtures/containers.ts';
import { OTHER_FILES } from '../fixtures/hostile-files.ts';
import {
  askForAttachment,
  attach,
  bytesAt,
  changeAttachment,
  deleteAttachment,
  EVENTUALLY,
  getAttachment,
  list,
  open,
  requestAttachment,
  text,
  usage,
} from './attachments.ts';
import { api, send, type Ticket, waitForEnd } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { plainPng, RED, settle } from './test-pictures.ts';

/** Whatever can be asked for by its id is answered as if it never was. */
async function requireGone(person: Person, id: string): Promise<void> {
  const { token } = person;
  const answers = await Promise.all([
    getAttachment(person, id),
    api('GET', `/attachments/${id}/content`, { token }),
    changeAttachment(person, id, { filename: 'x' }),
    deleteAttachment(person, id),
    api('GET', `/public/attachments/${id}`),
  ]);
  for (const answer of answers) expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  const urls = await api('POST', '/attachments/urls', { token, json: { ids: [id] } });
  expect(urls.body).toEqual({ items: [{ id, code: 'not_found' }] });
  await expect.poll(async () => (await list(person)).items.map((one) => one.id), EVENTUALLY).not.toContain(id);
}

describe('an attachment', () => {
  it.each(['PUT', 'POST'] as const)('goes from a %s ticket to a link that opens it, and away again', async (method) => {
    const ada = await signIn();
    const file = text('a letter');
    const sent = await attach(ada, file, { method, filename: 'letter.txt' });
    expect(sent).toMatchObject({ filename: 'letter.txt', size: 8, draft: false, uploader: ada.sub, revision: 1 });
    expect((await getAttachment(ada, sent.id)).body).toEqual(sent);
    expect(await bytesAt(sent.contentUrl)).toEqual(Buffer.from(file.bytes));
    await expect.poll(async () => (await list(ada)).items, EVENTUALLY).toEqual([sent]);
    expect(await deleteAttachment(ada, sent.id)).toMatchObject({ status: 204 });
    await requireGone(ada, sent.id);
    expect(await api('GET', new URL(sent.contentUrl))).toMatchObject({ status: 404 });
    const { body } = await api('GET', `/uploads/${sent.id}`, { token: ada.token });
    expect(body).toMatchObject({ status: 'ready' });
    expect(body).not.toHaveProperty('attachment');
  });

  it('that is a picture is gone with its preview', async () => {
    const ada = await signIn();
    const { id, contentUrl, preview } = await attach(ada, await plainPng(RED));
    const links = [contentUrl, preview?.url ?? ''];
    for (const link of links) expect((await open(link)).status).toBe(200);
    expect(await deleteAttachment(ada, id)).toMatchObject({ status: 204 });
    for (const link of links) expect(await api('GET', new URL(link))).toMatchObject({ status: 404 });
  });

  it('opens by /content too, for who has a token', async () => {
    const ada = await signIn();
    const sent = await attach(ada, text('x'), { visibility: 'private' });
    const answer = await api('GET', `/attachments/${sent.id}/content`, { token: ada.token });
    expect(answer).toMatchObject({ status: 302 });
    expect(await (await open(answer.headers.get('location') ?? '')).text()).toBe('x');
  });
});

describe('a ticket for an attachment', () => {
  it('is the same for the same request under one key, until its upload has ended', async () => {
    const ada = await signIn();
    const key = { 'idempotency-key': newId('request') };
    const first = await askForAttachment(ada, text(), {}, key);
    const again = await askForAttachment(ada, text(), {}, key);
    const { uploadId } = first.body as Ticket;
    expect([first, again]).toMatchObject([{ status: 201 }, { status: 201, body: { uploadId } }]);
    expect(await usage(ada)).toMatchObject({ filesUsed: 1, openUploads: 1 });
    const other = await askForAttachment(ada, text(), { filename: 'other' }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await send(again.body as Ticket, text().bytes)).toEqual({ status: 200 });
    await waitForEnd(ada, uploadId);
    const late = await askForAttachment(ada, text(), {}, key);
    expect(late).toMatchObject({ status: 409, body: { code: 'upload_finished', uploadId, uploadStatus: 'ready' } });
  });

  it.each(['PUT', 'POST'] as const)('can be signed again, as %s, until its upload has ended', async (method) => {
    const ada = await signIn();
    const { uploadId, key } = await requestAttachment(ada, text(), { method });
    const again = await api('POST', `/uploads/${uploadId}/ticket`, { token: ada.token });
    expect(again).toMatchObject({ status: 200, body: { uploadId, key, method } });
    expect(await send(again.body as Ticket, text().bytes)).toEqual({ status: method === 'PUT' ? 200 : 204 });
    expect(await waitForEnd(ada, uploadId)).toMatchObject({ status: 'ready' });
    const late = await api('POST', `/uploads/${uploadId}/ticket`, { token: ada.token });
    expect(late).toMatchObject({ status: 409, body: { code: 'upload_finished', uploadStatus: 'ready' } });
    expect(await usage(ada)).toMatchObject({ bytesUsed: 5, filesUsed: 1, openUploads: 0 });
  });

  it('can be given up; what is sent by it then comes to nothing', async () => {
    const ada = await signIn();
    const ticket = await requestAttachment(ada, text());
    const { uploadId } = ticket;
    for (let times = 0; times < 2; times++) {
      expect(await api('DELETE', `/uploads/${uploadId}`, { token: ada.token })).toMatchObject({ status: 204 });
      expect(await usage(ada)).toMatchObject({ bytesUsed: 0, filesUsed: 0, openUploads: 0 });
    }
    expect(await send(ticket, text().bytes)).toEqual({ status: 200 });
    await settle();
    expect(await waitForEnd(ada, uploadId)).toMatchObject({ status: 'aborted' });
    await requireGone(ada, uploadId);
  });

  it('takes as many words of its client as there is room for, and hands them out as they were', async () => {
    const words = Array.from({ length: 16 }, (_, at) => [`${at}`.padStart(2, '0'), 'é']);
    const metadata = Object.fromEntries(words);
    const room = 2048 - Buffer.byteLength(JSON.stringify(metadata));
    metadata['00'] += 'x'.repeat(room);
    const contextId = newId('chat');
    const sent = await attach(await signIn(), text(), { metadata, contextId, visibility: 'private' });
    expect(sent).toMatchObject({ metadata, contextId, visibility: 'private', metadataStripped: false });
  });

  it.each([
    ['no bytes', { contentLength: 0 }, 422, 'invalid_request', 'contentLength'],
    ['more bytes than anyone may send', { contentLength: 6 * 1024 ** 3 }, 413, 'file_too_large', 'contentLength'],
    ['no visibility', { visibility: undefined }, 422, 'invalid_request', 'visibility'],
    ['an unknown field', { acl: 'public-read' }, 422, 'invalid_request', 'acl'],
    ['no name', { filename: '' }, 422, 'invalid_request', 'filename'],
    [
      'many words',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [at, ''])) },
      422,
      'invalid_request',
      'metadata',
    ],
    ['long words', { metadata: { a: 'é'.repeat(1100) } }, 422, 'invalid_request', 'metadata'],
    ['metadata for everyone', { keepMetadata: true, visibility: 'public' }, 409, 'metadata_kept', 'keepMetadata'],
    [
      'a checksum in a form',
      { method: 'POST', checksumSha256: `${'A'.repeat(43)}=` },
      422,
      'checksum_not_supported',
      'checksumSha256',
    ],
  ])('is refused for %s, and reserves nothing', async (_, wish, status, code, field) => {
    const ada = await signIn();
    const refused = await askForAttachment(ada, text(), wish as object);
    expect(refused).toMatchObject({ status, body: { code, field, accepted: expect.stringMatching(/./) } });
    expect(await usage(ada)).toMatchObject({ filesUsed: 0, openUploads: 0 });
  });
});

/** A Word document, as far as its list of types tells. */
const DOCX = zipFile({
  '[Content_Types].xml':
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
  'word/document.xml': '<?xml version="1.0"?><w:document/>',
});
const DOCX_TYPE = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

describe('the type of an attachment', () => {
  const { MP4 = Buffer.alloc(0), ZIP = Buffer.alloc(0) } = OTHER_FILES;

  it.each<[string, string | Uint8Array, string, string]>([
    ['a PDF called text', '%PDF-1.7\n', 'text/plain', 'application/pdf'],
    ['a page called a picture', '<!doctype html><p>', 'image/png', 'text/html'],
    ['a page called text', '\n<script>alert(1)</script>', 'text/plain', 'text/html'],
    ['a drawing called a photo', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/jpeg', 'image/svg+xml'],
    ['a film', MP4, 'video/mp4', 'video/mp4'],
    ['a film called a PDF', MP4, 'application/pdf', 'video/mp4'],
    ['bytes called a film', '\0\u0001\u0002', 'video/mp4', 'application/octet-stream'],
    ['a document', DOCX, DOCX_TYPE, DOCX_TYPE],
    ['a document called nothing', DOCX, 'application/octet-stream', DOCX_TYPE],
    ['an archive', ZIP, 'application/zip', 'application/zip'],
    ['words', 'hello', 'text/plain', 'text/plain'],
    ['words called CSV', 'a,b\n1,2\n', 'text/csv', 'text/csv'],
    ['words called JSON', '{"a": 1}', 'application/json', 'application/json'],
    ['words called a picture', 'hello', 'image/png', 'text/plain'],
  ])('is what its bytes are, beside what it was called: %s', async (_, content, declaredType, contentType) => {
    const file = { bytes: Buffer.from(content as string), contentType: declaredType };
    const attachment = await attach(await signIn(), file);
    expect(attachment).toMatchObject({ contentType, declaredType });
    expect(await bytesAt(attachment.contentUrl)).toEqual(file.bytes);
  });

  it('is that of the picture, when it is a picture called nothing', async () => {
    const { bytes } = await plainPng(RED);
    const attachment = await attach(await signIn(), { bytes, contentType: 'application/octet-stream' });
    expect(attachment).toMatchObject({ contentType: 'image/png', width: 64, height: 64, metadataStripped: true });
  });
});
