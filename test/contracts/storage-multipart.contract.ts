import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { NamedPart, SignPartInput } from '../../shared/storage/multipart-uploads.ts';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { type RequestToSend, sendRequest } from './send-request.ts';
import type { Subject } from './storage-backend.contract.ts';
import { sha256Of, textAt } from './storage-objects.contract.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const first = randomBytes(5 * MIB);
const second = randomBytes(5 * MIB + 1);
const tail = Buffer.from('the rest');
const whole = Buffer.concat([first, second, tail]);

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);
const invalid = { code: 'invalid_parts', retryable: false };
const ended = { code: 'multipart_not_found', retryable: false };
const noSuchUpload = { status: 404, code: 'NoSuchUpload' };
const signatureMismatch = { status: 403, code: 'SignatureDoesNotMatch' };

export function describeMultipart(subject: () => Subject): void {
  const withUpload = async (name = 'video') => {
    const { backend, keyOf, root } = subject();
    const key = keyOf(name);
    const { multipartId } = await backend.createMultipartUpload({ key, contentType: 'video/mp4' });
    const ref = { key, multipartId };
    const sign = async (partNumber: number, contentLength: number, changes: Partial<SignPartInput> = {}) =>
      (await backend.signPart({ ...ref, partNumber, contentLength, expiresAt: inMinutes(5), ...changes })).url;
    const put = async (url: string, body: Uint8Array, changes: Partial<RequestToSend> = {}) =>
      sendRequest({ method: 'PUT', url, body, ...changes });
    const send = async (partNumber: number, body: Uint8Array): Promise<NamedPart> => {
      const { status, headers } = await put(await sign(partNumber, body.byteLength), body);
      expect(status).toBe(200);
      expect(headers.etag).toMatch(/^".+"$/);
      return { partNumber, eTag: `${headers.etag}`.slice(1, -1) };
    };
    const complete = (parts: readonly NamedPart[], contentLength: number = whole.byteLength) =>
      backend.completeMultipartUpload({ ...ref, parts, contentLength });
    return { backend, keyOf, root, key, ref, sign, put, send, complete };
  };
  type Upload = Awaited<ReturnType<typeof withUpload>>;

  const withParts = async () => {
    const upload = await withUpload();
    const parts = await Promise.all([first, second, tail].map((body, at) => upload.send(at + 1, body)));
    return { ...upload, parts: parts as [NamedPart, NamedPart, NamedPart] };
  };
  const expectWhole = async ({ backend, key }: Pick<Upload, 'backend' | 'key'>, expected: Uint8Array = whole) => {
    const read = await readWhole(await backend.downloadFile({ key }));
    expect(sha256Of(read)).toBe(sha256Of(expected));
  };

  describe('an upload in parts', () => {
    it('becomes one object of its parts, in the order of their numbers, however they came and are listed', async () => {
      const upload = await withUpload();
      const { backend, key, ref } = upload;
      const parts: NamedPart[] = [];
      for (const [partNumber, body] of [
        [10_000, tail],
        [2, first],
        [7, second],
      ] as const) {
        parts.push(await upload.send(partNumber, body));
      }
      const { eTag } = await upload.complete(parts);
      const info = await backend.getFileInfo({ key });
      expect(info).toMatchObject({ eTag, size: whole.byteLength, contentType: 'video/mp4', metadata: {} });
      expect(eTag).not.toContain('"');
      await expectWhole(upload);
      await expect(backend.listParts(ref)).rejects.toMatchObject(ended);
    });

    it('shows nothing at its key before it is completed', async () => {
      const { backend, key, root, complete, parts } = await withParts();
      expect(await backend.fileExists({ key })).toBe(false);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
      await complete(parts);
      expect((await backend.listFiles({ prefix: root })).files).toMatchObject([{ key, size: whole.byteLength }]);
    });

    it('may have one small part', async () => {
      const upload = await withUpload();
      await upload.complete([await upload.send(1, tail)], tail.byteLength);
      expect(await textAt(upload.backend, upload.key)).toBe(tail.toString());
    });

    it('lists what has arrived, in the order of the numbers', async () => {
      const { backend, ref, send } = await withUpload();
      expect(await backend.listParts(ref)).toEqual([]);
      const [ten, two, one] = [await send(10, tail), await send(2, first), await send(1, second)];
      expect(await backend.listParts(ref)).toEqual([
        { ...one, size: second.byteLength },
        { ...two, size: first.byteLength },
        { ...ten, size: tail.byteLength },
      ]);
    });

    it('has of a part that was sent again the later one', async () => {
      const upload = await withUpload();
      const before = await upload.send(1, second);
      const rest = await upload.send(2, tail);
      const after = await upload.send(1, first);
      expect(after.eTag).not.toBe(before.eTag);
      expect(await upload.backend.listParts(upload.ref)).toEqual([
        { ...after, size: first.byteLength },
        { ...rest, size: tail.byteLength },
      ]);
      const expected = Buffer.concat([first, tail]);
      await expect(upload.complete([before, rest], second.byteLength + tail.byteLength)).rejects.toMatchObject({
        ...invalid,
        partNumber: 1,
      });
      await upload.complete([after, rest], expected.byteLength);
      await expectWhole(upload, expected);
    });

    it('leaves out the parts that are not named', async () => {
      const { backend, key, complete, parts } = await withParts();
      await complete([parts[2]], tail.byteLength);
      expect(await textAt(backend, key)).toBe(tail.toString());
    });

    it('belongs to its key', async () => {
      const { backend, keyOf, ref, put, sign, complete, parts } = await withParts();
      const other = { ...ref, key: keyOf('other') };
      await expect(backend.listParts(other)).rejects.toMatchObject(ended);
      await expect(
        backend.completeMultipartUpload({ ...other, parts, contentLength: whole.byteLength }),
      ).rejects.toMatchObject(ended);
      expect(await put(await sign(4, tail.byteLength, other), tail)).toMatchObject(noSuchUpload);
      await backend.abortMultipartUpload(other);
      await complete(parts);
      expect(await backend.fileExists(other)).toBe(false);
    });

    it('is apart from another of the same key', async () => {
      const one = await withParts();
      const { multipartId } = await one.backend.createMultipartUpload({ key: one.key, contentType: 'text/plain' });
      expect(multipartId).not.toBe(one.ref.multipartId);
      expect(await one.backend.listParts({ key: one.key, multipartId })).toEqual([]);
      await one.backend.abortMultipartUpload({ key: one.key, multipartId });
      await one.complete(one.parts);
      await expectWhole(one);
    });
  });

  describe('a completion', () => {
    type Parts = [NamedPart, NamedPart, NamedPart];
    const wrong: { why: string; parts: (parts: Parts) => NamedPart[]; contentLength?: number; partNumber?: number }[] =
      [
        { why: 'names no part', parts: () => [] },
        {
          why: 'names a part that is not there',
          parts: (parts) => [...parts, { ...parts[2], partNumber: 4 }],
          partNumber: 4,
        },
        {
          why: 'names the 10,001th part',
          parts: (parts) => [...parts, { ...parts[2], partNumber: 10_001 }],
          partNumber: 10_001,
        },
        { why: 'names another ETag', parts: ([a, b, c]) => [a, { ...b, eTag: a.eTag }, c], partNumber: 2 },
        { why: 'names a part twice', parts: ([a, b, c]) => [a, b, b, c], partNumber: 2 },
        { why: 'leaves out a part', parts: ([a, , c]) => [a, c] },
        { why: 'is declared one byte longer', parts: (parts) => parts, contentLength: whole.byteLength + 1 },
        { why: 'is declared one byte shorter', parts: (parts) => parts, contentLength: whole.byteLength - 1 },
      ];
    it.each(wrong)(
      'that $why is refused, and the upload goes on',
      async ({ parts: named, contentLength, partNumber }) => {
        const upload = await withParts();
        const { complete, parts } = upload;
        const refusal = { ...invalid, ...(partNumber !== undefined && { partNumber }) };
        await expect(complete(named(parts), contentLength)).rejects.toMatchObject(refusal);
        expect(await upload.backend.fileExists(upload)).toBe(false);
        await complete(parts);
        await expectWhole(upload);
      },
    );

    it('is refused with a part below 5 MiB that is not the last', async () => {
      const upload = await withUpload();
      const small = first.subarray(1);
      const parts = [await upload.send(1, small), await upload.send(2, tail)];
      const contentLength = small.byteLength + tail.byteLength;
      await expect(upload.complete(parts, contentLength)).rejects.toMatchObject({ ...invalid, partNumber: 1 });
      expect(await upload.backend.fileExists(upload)).toBe(false);
    });

    it('can be repeated', async () => {
      const upload = await withParts();
      const { eTag } = await upload.complete(upload.parts);
      expect(await upload.complete(upload.parts)).toEqual({ eTag });
      await expectWhole(upload);
    });

    it('can be asked for by several at once', async () => {
      const upload = await withParts();
      const ends = await Promise.all(Array.from({ length: 5 }, () => upload.complete(upload.parts)));
      const { eTag } = await upload.backend.getFileInfo(upload);
      expect(ends).toEqual(Array(5).fill({ eTag }));
      await expectWhole(upload);
    });

    it('is not repeated once the object is gone', async () => {
      const { backend, key, complete, parts } = await withParts();
      await complete(parts);
      await backend.deleteFile({ key });
      await expect(complete(parts)).rejects.toMatchObject(ended);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('makes a whole object, whatever arrives meanwhile', async () => {
      const upload = await withParts();
      const url = await upload.sign(1, first.byteLength);
      const [completed, sent] = await Promise.all([upload.complete(upload.parts), upload.put(url, first)]);
      expect([200, 404]).toContain(sent.status);
      expect(await upload.backend.getFileInfo(upload)).toMatchObject(completed);
      await expectWhole(upload);
    });

    it('does not replace an object', async () => {
      const { backend, key, complete, parts } = await withParts();
      await backend.uploadFile({ key, body: Buffer.from('from elsewhere'), contentType: 'text/plain' });
      await expect(complete(parts)).rejects.toMatchObject({ code: 'object_exists' });
      expect(await textAt(backend, key)).toBe('from elsewhere');
    });
  });

  describe('an abort', () => {
    it('leaves nothing, and admits no part and no completion', async () => {
      const { backend, root, ref, send, sign, put, complete } = await withUpload();
      const part = await send(1, tail);
      const signedBefore = await sign(2, tail.byteLength);
      await backend.abortMultipartUpload(ref);
      await expect(backend.listParts(ref)).rejects.toMatchObject(ended);
      expect(await put(signedBefore, tail)).toMatchObject(noSuchUpload);
      expect(await put(await sign(3, tail.byteLength), tail)).toMatchObject(noSuchUpload);
      await expect(complete([part], tail.byteLength)).rejects.toMatchObject(ended);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('can be repeated, and can come for an upload that never was', async () => {
      const { backend, ref } = await withUpload();
      for (const multipartId of [ref.multipartId, ref.multipartId, 'never']) {
        await backend.abortMultipartUpload({ ...ref, multipartId });
      }
    });

    it('that comes after the completion spares the object', async () => {
      const upload = await withParts();
      await upload.complete(upload.parts);
      await upload.backend.abortMultipartUpload(upload.ref);
      await expectWhole(upload);
    });

    it('that meets a completion leaves the whole object or nothing', async () => {
      const upload = await withParts();
      const { backend, key, ref, complete, parts } = upload;
      const [completion] = await Promise.allSettled([complete(parts), backend.abortMultipartUpload(ref)]);
      if (completion.status === 'fulfilled') return expectWhole(upload);
      // Its parts may be gone before the upload itself is.
      expect(['multipart_not_found', 'invalid_parts']).toContain(completion.reason.code);
      expect(await backend.fileExists({ key })).toBe(false);
    });
  });

  describe('the address of a part', () => {
    it('takes bytes of its length again and again, with whatever type a page adds', async () => {
      const { backend, key, sign, put, complete } = await withUpload();
      const url = await sign(1, tail.byteLength);
      const headers = { 'content-type': 'text/html' };
      const answers = [await put(url, tail, { headers }), await put(url, tail, { headers })];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      await complete([{ partNumber: 1, eTag: `${answers[1]?.headers.etag}`.slice(1, -1) }], tail.byteLength);
      expect(await textAt(backend, key)).toBe(tail.toString());
      expect((await backend.getFileInfo({ key })).contentType).toBe('video/mp4');
    });

    const changes: { change: string; request: (url: string) => Partial<RequestToSend> }[] = [
      { change: 'a longer body', request: () => ({ body: Buffer.concat([tail, tail]) }) },
      { change: 'a shorter body', request: () => ({ body: tail.subarray(1) }) },
      { change: 'no body', request: () => ({ body: new Uint8Array() }) },
      { change: 'another number', request: (url) => ({ url: url.replace('partNumber=1', 'partNumber=2') }) },
      { change: 'another upload', request: (url) => ({ url: url.replace('uploadId=', 'uploadId=0') }) },
      { change: 'no upload', request: (url) => ({ url: url.replace(/(partNumber|uploadId)=[^&]*&/g, '') }) },
      { change: 'another key', request: (url) => ({ url: url.replace('/video?', '/another?') }) },
      { change: 'another method', request: () => ({ method: 'GET', body: new Uint8Array() }) },
    ];
    it.each(changes)('does not admit $change', async ({ request }) => {
      const { backend, root, ref, sign, put } = await withUpload();
      const url = await sign(1, tail.byteLength);
      expect(await put(url, tail, request(url))).toMatchObject(signatureMismatch);
      expect(await backend.listParts(ref)).toEqual([]);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('does not admit a body without a length', async () => {
      const { backend, ref, sign, put } = await withUpload();
      expect([403, 411]).toContain((await put(await sign(1, tail.byteLength), tail, { chunked: true })).status);
      expect(await backend.listParts(ref)).toEqual([]);
    });

    it('does not let the client choose how the part is stored', async () => {
      const { backend, ref, sign, put } = await withUpload();
      const headers = { 'x-amz-meta-generation': '9' };
      expect((await put(await sign(1, tail.byteLength), tail, { headers })).status).toBe(403);
      expect(await backend.listParts(ref)).toEqual([]);
    });

    it('ends', async () => {
      const { backend, ref, sign, put } = await withUpload();
      const url = await sign(1, tail.byteLength, { expiresAt: new Date(Date.now() + 1000) });
      await sleep(2100);
      expect(await put(url, tail)).toMatchObject({ status: 403, code: 'AccessDenied' });
      expect(await backend.listParts(ref)).toEqual([]);
    });

    it.each([0, 10_001, 1.5, Number.NaN])('is none for part %d', async (partNumber) => {
      const { sign } = await withUpload();
      await expect(sign(partNumber, 1)).rejects.toThrow(RangeError);
    });

    it.each([0, -1, 5 * GIB + 1, Number.NaN])('is none for %d bytes', async (contentLength) => {
      const { sign } = await withUpload();
      await expect(sign(1, contentLength)).rejects.toThrow(RangeError);
    });
  });
}
