import { createHash } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { askForAttachment, attachmentOf, type Plan, requestAttachment, text, usage } from './attachments.ts';
import { api, likeness, waitForEnd } from './client.ts';
import {
  abortUpload,
  askForParts,
  completeUpload,
  digestAt,
  digestOf,
  fileInParts,
  largeFile,
  listParts,
  numbersOf,
  partOf,
  planParts,
  putPart,
  sendPart,
  sendParts,
  signPart,
} from './parts.ts';
import { newId, type Person, signIn } from './people.ts';

const FILE = fileInParts();
const { repeatedParts } = inject('target').differences;

async function begin(): Promise<{ ada: Person; plan: Plan }> {
  const ada = await signIn();
  return { ada, plan: await planParts(ada, FILE) };
}

/** What a completion is answered with for one part that is wrong. */
function refusedFor(partNumber: number): object {
  return { status: 422, body: { code: 'invalid_parts', field: 'parts', partNumber, accepted: expect.any(String) } };
}

/** The record at its end, and what the link of the attachment opens. */
async function requireWhole(ada: Person, { uploadId }: Plan): Promise<void> {
  const attachment = attachmentOf(await waitForEnd(ada, uploadId));
  expect(attachment).toMatchObject({ size: FILE.bytes.length });
  expect(await digestAt(attachment.contentUrl)).toEqual(digestOf(FILE));
}

describe('a file above the threshold', () => {
  it('is planned in parts that make exactly its bytes', async () => {
    const { ada, plan } = await begin();
    const { partSize, partCount } = plan.multipart;
    expect(plan.contentLength).toBe(FILE.bytes.length);
    expect(partCount).toBe(Math.ceil(FILE.bytes.length / partSize));
    const answer = await askForParts(ada, plan, numbersOf(plan));
    expect(answer).toMatchObject({ status: 200 });
    const { parts } = answer.body as { readonly parts: readonly { partNumber: number; contentLength: number }[] };
    expect(parts.map(({ partNumber }) => partNumber)).toEqual(numbersOf(plan));
    expect(parts.reduce((sum, { contentLength }) => sum + contentLength, 0)).toBe(FILE.bytes.length);
    expect(parts.slice(0, -1).every(({ contentLength }) => contentLength === partSize)).toBe(true);
  });

  it('comes in any order, and is one file once it is completed, however often that is said', async () => {
    const { ada, plan } = await begin();
    expect(await listParts(ada, plan)).toMatchObject({ status: 200, body: { parts: [] } });
    const parts = await sendParts(ada, plan, FILE, numbersOf(plan).reverse());
    const listed = numbersOf(plan).map((partNumber) => ({
      partNumber,
      etag: parts.find((part) => part.partNumber === partNumber)?.etag.replaceAll('"', ''),
      size: partOf(FILE, plan, partNumber).length,
    }));
    expect(await listParts(ada, plan)).toMatchObject({ status: 200, body: { parts: listed } });
    expect(await completeUpload(ada, plan, parts)).toMatchObject({ status: 202, body: { uploadId: plan.uploadId } });
    expect(await completeUpload(ada, plan, parts)).toMatchObject({ status: 202 });
    await requireWhole(ada, plan);
    expect(await completeUpload(ada, plan, parts)).toMatchObject({ status: 202, body: { status: 'ready' } });
    expect(await usage(ada)).toMatchObject({ bytesUsed: FILE.bytes.length, filesUsed: 1, openUploads: 0 });
  });

  it('has of a part that was sent twice the later bytes', async ({ skip }) => {
    skip(repeatedParts !== undefined, `this target's S3 differs: ${repeatedParts}`);
    const { ada, plan } = await begin();
    const earlier = await sendPart(ada, plan, fileInParts('another file'), 1);
    const parts = await sendParts(ada, plan, FILE);
    const sent = parts.map(({ partNumber, etag }) => ({ partNumber, etag: etag.replaceAll('"', '') }));
    expect(await listParts(ada, plan)).toMatchObject({ status: 200, body: { parts: sent } });
    expect(await completeUpload(ada, plan, [earlier, ...parts.slice(1)])).toMatchObject(refusedFor(1));
    expect(await completeUpload(ada, plan, parts)).toMatchObject({ status: 202 });
    await requireWhole(ada, plan);
  });

  it('is not completed by parts that do not make it, and is by the right ones afterwards', async () => {
    const { ada, plan } = await begin();
    const parts = await sendParts(ada, plan, FILE, numbersOf(plan).slice(0, -1));
    const last = plan.multipart.partCount;
    const invented = { partNumber: last, etag: `"${'0'.repeat(32)}"` };
    expect(await completeUpload(ada, plan, parts)).toMatchObject({ status: 422, body: { code: 'invalid_parts' } });
    expect(await completeUpload(ada, plan, [...parts, invented])).toMatchObject(refusedFor(last));
    const sent = await sendPart(ada, plan, FILE, last);
    expect(await completeUpload(ada, plan, [...parts, invented])).toMatchObject(refusedFor(last));
    expect(await completeUpload(ada, plan, [sent, ...parts, sent])).toMatchObject(refusedFor(last));
    expect(await completeUpload(ada, plan, [sent])).toMatchObject({ status: 422, body: { code: 'invalid_parts' } });
    expect((await api('GET', `/uploads/${plan.uploadId}`, { token: ada.token })).body).toMatchObject({
      status: 'pending',
    });
    expect(await completeUpload(ada, plan, [sent, ...parts])).toMatchObject({ status: 202 });
    await requireWhole(ada, plan);
  });

  it('is completed once by two who say so at the same time, and takes no part any more', async () => {
    const { ada, plan } = await begin();
    const late = await signPart(ada, plan, 1);
    const parts = await sendParts(ada, plan, FILE);
    const answers = await Promise.all([completeUpload(ada, plan, parts), completeUpload(ada, plan, parts)]);
    expect(answers).toMatchObject([{ status: 202 }, { status: 202 }]);
    await requireWhole(ada, plan);
    expect(await putPart(late, partOf(FILE, plan, 1))).toMatchObject({ status: 404, error: 'NoSuchUpload' });
    const finished = { status: 409, body: { code: 'upload_finished', uploadStatus: 'ready' } };
    expect(await askForParts(ada, plan, [1])).toMatchObject(finished);
    expect(await listParts(ada, plan)).toMatchObject(finished);
    expect(await abortUpload(ada, plan)).toMatchObject(finished);
  });

  it('takes no part of another length', async () => {
    const { ada, plan } = await begin();
    const signed = await signPart(ada, plan, plan.multipart.partCount);
    const bytes = partOf(FILE, plan, signed.partNumber);
    const refused = { status: 403, error: 'SignatureDoesNotMatch' };
    expect(await putPart(signed, bytes.subarray(1))).toMatchObject(refused);
    expect(await putPart(signed, Buffer.concat([bytes, Buffer.alloc(1)]))).toMatchObject(refused);
    expect(await listParts(ada, plan)).toMatchObject({ body: { parts: [] } });
  });

  it('has no part that its plan does not have', async () => {
    const { ada, plan } = await begin();
    const beyond = plan.multipart.partCount + 1;
    expect(await askForParts(ada, plan, [1, beyond])).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', field: 'partNumbers', accepted: `1 to ${beyond - 1}` },
    });
    const { url } = await signPart(ada, plan, 1);
    const moved = url.replace('partNumber=1', `partNumber=${beyond}`);
    expect(moved).not.toBe(url);
    expect(await putPart({ url: moved }, partOf(FILE, plan, 1))).toMatchObject({ status: 403 });
  });

  it('frees its room when it is given up, and takes nothing more', async () => {
    const { ada, plan } = await begin();
    const part = await sendPart(ada, plan, FILE, 1);
    const signed = await signPart(ada, plan, 2);
    expect(await usage(ada)).toMatchObject({ bytesUsed: FILE.bytes.length, filesUsed: 1, openUploads: 1 });
    expect(await abortUpload(ada, plan)).toMatchObject({ status: 204 });
    expect(await usage(ada)).toMatchObject({ bytesUsed: 0, filesUsed: 0, openUploads: 0 });
    expect(await putPart(signed, partOf(FILE, plan, 2))).toMatchObject({ status: 404, error: 'NoSuchUpload' });
    const finished = { status: 409, body: { code: 'upload_finished', uploadStatus: 'aborted' } };
    expect(await askForParts(ada, plan, [1])).toMatchObject(finished);
    expect(await listParts(ada, plan)).toMatchObject(finished);
    expect(await completeUpload(ada, plan, [part])).toMatchObject(finished);
    expect(await abortUpload(ada, plan)).toMatchObject({ status: 204 });
  });

  it('is planned once for one idempotency key, and its plan can be asked for again', async () => {
    const ada = await signIn();
    const key = { 'idempotency-key': newId('request') };
    const first = await askForAttachment(ada, FILE, {}, key);
    expect(first).toMatchObject({ status: 201 });
    const plan = first.body as Plan;
    expect(await askForAttachment(ada, FILE, {}, key)).toMatchObject({ status: 201, body: plan });
    expect(await usage(ada)).toMatchObject({ bytesUsed: FILE.bytes.length, openUploads: 1 });
    const renewed = await api('POST', `/uploads/${plan.uploadId}/ticket`, { token: ada.token });
    expect(renewed).toMatchObject({ status: 200, body: plan });
  });

  it('belongs to who began it; others are told that there is none', async () => {
    const { ada, plan } = await begin();
    const unknown = { uploadId: newId('upload') };
    const part = { partNumber: 1, etag: '"x"' };
    const everything = (person: Person, upload: Pick<Plan, 'uploadId'>) =>
      Promise.all([
        askForParts(person, upload, [1]),
        listParts(person, upload),
        completeUpload(person, upload, [part]),
        abortUpload(person, upload),
        api('POST', `/uploads/${upload.uploadId}/ticket`, { token: person.token }),
      ]);
    for (const person of [await signIn({ org: ada.org }), await signIn(), await signIn({ role: 'admin' })]) {
      const answers = await everything(person, plan);
      for (const answer of answers) expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(answers.map(likeness)).toEqual((await everything(person, unknown)).map(likeness));
    }
    expect(await listParts(ada, plan)).toMatchObject({ status: 200 });
    const admin = await signIn({ org: ada.org, role: 'admin' });
    expect(await listParts(admin, plan)).toMatchObject({ status: 200 });
    expect(await abortUpload(admin, plan)).toMatchObject({ status: 204 });
  });

  it('cannot promise a checksum of the whole', async () => {
    const checksumSha256 = createHash('sha256').digest('base64');
    expect(await askForAttachment(await signIn(), FILE, { checksumSha256 })).toMatchObject({
      status: 422,
      body: { code: 'checksum_not_supported', field: 'checksumSha256' },
    });
  });
});

describe('a file below the threshold', () => {
  it('is sent in one piece, up to the threshold itself', async () => {
    const { multipartThreshold } = inject('target');
    await requestAttachment(await signIn(), largeFile(multipartThreshold));
    expect(await planParts(await signIn(), largeFile(multipartThreshold + 1))).toMatchObject({
      contentLength: multipartThreshold + 1,
    });
  });

  it('has no parts', async () => {
    const ada = await signIn();
    const ticket = await requestAttachment(ada, text());
    const refused = { status: 422, body: { code: 'invalid_request', field: 'uploadId' } };
    expect(await askForParts(ada, ticket, [1])).toMatchObject(refused);
    expect(await listParts(ada, ticket)).toMatchObject(refused);
    expect(await completeUpload(ada, ticket, [{ partNumber: 1, etag: 'x' }])).toMatchObject(refused);
  });
});
