import { createCipheriv, createHash, type Hash } from 'node:crypto';
import { expect, inject } from 'vitest';
import { type AttachmentWish, askForAttachment, open, type Plan } from './attachments.ts';
import { type Answer, api } from './client.ts';
import type { Person } from './people.ts';

/** What a client of the API does with files that are too large for one request. */

const MIB = 1024 ** 2;

/** A file that is never in memory as a whole: any range of it can be made, and made again. */
export interface LargeFile {
  readonly contentType: string;
  readonly bytes: { readonly length: number };
  /** From `start` up to `end`, `end` not among them. `start`: whole multiples of 16. */
  read(start: number, end: number): Buffer;
}

export interface Part {
  readonly partNumber: number;
  readonly etag: string;
}

export interface SignedPart {
  readonly partNumber: number;
  readonly url: string;
  readonly contentLength: number;
}

/** Noise that nothing can compress: zeros, encrypted. Another `seed` is another file. */
export function largeFile(length: number, seed = 'a large file'): LargeFile {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return {
    contentType: 'application/octet-stream',
    bytes: { length },
    read(start, end) {
      const counter = Buffer.alloc(16);
      counter.writeUInt32BE(start / 16, 12);
      return createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(Math.min(end, length) - start));
    },
  };
}

/** A file of two parts and more, as small as the target allows. */
export function fileInParts(seed?: string): LargeFile {
  return largeFile(Math.max(20 * MIB, inject('target').multipartThreshold + MIB), seed);
}

/** The plan of an upload in parts that is granted. */
export async function planParts(person: Person, file: LargeFile, wish: AttachmentWish = {}): Promise<Plan> {
  const answer = await askForAttachment(person, file, wish);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201, body: { multipart: expect.any(Object) } });
  return answer.body as Plan;
}

/** 1 to the last. */
export function numbersOf({ multipart }: Plan): number[] {
  return Array.from({ length: multipart.partCount }, (_, at) => at + 1);
}

/** The bytes of one part. */
export function partOf(file: LargeFile, { multipart: { partSize } }: Plan, partNumber: number): Buffer {
  return file.read((partNumber - 1) * partSize, partNumber * partSize);
}

export function askForParts(
  { token }: Pick<Person, 'token'>,
  { uploadId }: Pick<Plan, 'uploadId'>,
  partNumbers: readonly number[],
): Promise<Answer> {
  return api('POST', `/uploads/${uploadId}/parts`, { token, json: { partNumbers } });
}

/** The address of one part. */
export async function signPart(person: Person, plan: Plan, partNumber: number): Promise<SignedPart> {
  const answer = await askForParts(person, plan, [partNumber]);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { parts: [{ partNumber }] } });
  const { parts } = answer.body as { readonly parts: readonly [SignedPart] };
  return parts[0];
}

/** `error` is the code in S3's error document. */
export async function putPart(
  { url }: Pick<SignedPart, 'url'>,
  bytes: Buffer,
): Promise<{ readonly status: number; readonly etag: string; readonly error?: string }> {
  const response = await fetch(url, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  const error = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return { status: response.status, etag: response.headers.get('etag') ?? '', ...(error !== undefined && { error }) };
}

/** Signs one part just before its bytes are sent. The ETag as it stands in the answer. */
export async function sendPart(person: Person, plan: Plan, file: LargeFile, partNumber: number): Promise<Part> {
  const signed = await signPart(person, plan, partNumber);
  const bytes = partOf(file, plan, partNumber);
  expect(signed.contentLength).toBe(bytes.length);
  const { status, etag } = await putPart(signed, bytes);
  expect(status).toBe(200);
  return { partNumber, etag };
}

/** Every part, one after the other. */
export async function sendParts(
  person: Person,
  plan: Plan,
  file: LargeFile,
  partNumbers: readonly number[] = numbersOf(plan),
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const partNumber of partNumbers) parts.push(await sendPart(person, plan, file, partNumber));
  return parts;
}

export function completeUpload(
  { token }: Pick<Person, 'token'>,
  { uploadId }: Pick<Plan, 'uploadId'>,
  parts: readonly Part[],
): Promise<Answer> {
  return api('POST', `/uploads/${uploadId}/complete`, { token, json: { parts } });
}

export function listParts({ token }: Pick<Person, 'token'>, { uploadId }: Pick<Plan, 'uploadId'>): Promise<Answer> {
  return api('GET', `/uploads/${uploadId}/parts`, { token });
}

export function abortUpload({ token }: Pick<Person, 'token'>, { uploadId }: Pick<Plan, 'uploadId'>): Promise<Answer> {
  return api('DELETE', `/uploads/${uploadId}`, { token });
}

/** How many bytes, and which. */
export interface Digest {
  readonly size: number;
  readonly sha256: string;
}

export function digestOf(file: LargeFile): Digest {
  const hash = createHash('sha256');
  for (let start = 0; start < file.bytes.length; start += MIB) hash.update(file.read(start, start + MIB));
  return { size: file.bytes.length, sha256: hash.digest('hex') };
}

/** Of what a link opens, as it arrives. */
export async function digestAt(link: string): Promise<Digest> {
  const response = await open(link);
  expect(response.status).toBe(200);
  const hash: Hash = createHash('sha256');
  let size = 0;
  for await (const chunk of response.body ?? []) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}
