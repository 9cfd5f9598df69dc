import { expect } from 'vitest';
import { type Answer, api, send, type Ticket, type Upload, waitForEnd } from './client.ts';
import type { Person } from './people.ts';

/** What a client of the API does with attachments. */

export interface Attachment {
  readonly id: string;
  readonly filename: string;
  readonly contentType: string;
  readonly declaredType: string;
  readonly size: number;
  readonly visibility: Visibility;
  readonly contextId?: string;
  readonly draft: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly metadataStripped: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly thumbHash?: string;
  readonly preview?: { readonly url: string; readonly width: number; readonly height: number };
  readonly contentUrl: string;
  readonly createdAt: string;
  readonly uploader: string;
  readonly revision: number;
}

export type Visibility = 'public' | 'organization' | 'private';

/** Bytes, and what the client calls them. */
export interface SentFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** What a ticket is asked for: how many bytes, and what they are called. */
export interface AnnouncedFile {
  readonly bytes: { readonly length: number };
  readonly contentType: string;
}

/** What may be said of an attachment. `visibility`: @default organization. `filename`: @default file.bin */
export interface AttachmentWish {
  readonly filename?: string;
  readonly visibility?: Visibility;
  readonly contextId?: string;
  readonly draft?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly checksumSha256?: string;
  readonly method?: 'PUT' | 'POST';
  readonly keepMetadata?: boolean;
}

export interface Plan {
  readonly uploadId: string;
  readonly key: string;
  readonly multipart: { readonly partSize: number; readonly partCount: number };
  readonly contentLength: number;
  readonly expiresAt: string;
}

export function text(content = 'hello', contentType = 'text/plain'): SentFile {
  return { bytes: new TextEncoder().encode(content), contentType };
}

/** The request for a ticket, whatever it is answered with. */
export function askForAttachment(
  { token }: Pick<Person, 'token'>,
  { bytes, contentType }: AnnouncedFile,
  wish: AttachmentWish = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const json = { filename: 'file.bin', visibility: 'organization', contentType, contentLength: bytes.length, ...wish };
  return api('POST', '/attachments', { token, json, headers });
}

/** A ticket that is granted, for a file that is sent in one piece. */
export async function requestAttachment(
  person: Person,
  file: AnnouncedFile,
  wish: AttachmentWish = {},
): Promise<Ticket> {
  const answer = await askForAttachment(person, file, wish);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201, body: { url: expect.any(String) } });
  return answer.body as Ticket;
}

/** The whole way: ticket, bytes, and the record at the end. */
export async function sendAttachment(
  person: Person,
  file: SentFile,
  wish: AttachmentWish = {},
): Promise<Upload & { readonly attachment?: Attachment }> {
  const ticket = await requestAttachment(person, file, wish);
  expect(await send(ticket, file.bytes)).toEqual({ status: ticket.method === 'PUT' ? 200 : 204 });
  return waitForEnd(person, ticket.uploadId);
}

/** The attachment that came of it. */
export async function attach(person: Person, file: SentFile, wish: AttachmentWish = {}): Promise<Attachment> {
  return attachmentOf(await sendAttachment(person, file, wish));
}

/** What an upload became that ended well. */
export function attachmentOf(upload: Upload & { readonly attachment?: Attachment }): Attachment {
  expect(upload, JSON.stringify(upload)).toMatchObject({ status: 'ready', attachment: { id: upload.uploadId } });
  return upload.attachment as Attachment;
}

export function getAttachment({ token }: Pick<Person, 'token'>, id: string): Promise<Answer> {
  return api('GET', `/attachments/${id}`, { token });
}

export function changeAttachment(
  { token }: Pick<Person, 'token'>,
  id: string,
  json: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return api('PATCH', `/attachments/${id}`, { token, json, headers });
}

export function deleteAttachment({ token }: Pick<Person, 'token'>, id: string): Promise<Answer> {
  return api('DELETE', `/attachments/${id}`, { token });
}

/** Lists of a deployed service follow after a moment. */
export const EVENTUALLY = { timeout: 20_000 };

/** One page of the list; `query`: as the address has it. */
export async function list(
  { token }: Pick<Person, 'token'>,
  query: Readonly<Record<string, string>> = {},
): Promise<{ readonly items: readonly Attachment[]; readonly nextCursor?: string }> {
  const answer = await api('GET', `/attachments?${new URLSearchParams(query)}`, { token });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as { items: Attachment[]; nextCursor?: string };
}

/** The address of the storage that a link leads to, not followed. */
export async function locationOf(link: string): Promise<URL> {
  const answer = await api('GET', new URL(link));
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 302 });
  return new URL(answer.headers.get('location') ?? '', link);
}

/** What a browser gets that opens a link. Sends no token. */
export async function open(link: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(await locationOf(link), { headers });
}

export async function bytesAt(link: string): Promise<Buffer> {
  const response = await open(link);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

export interface Usage {
  readonly bytesUsed: number;
  readonly bytesFree: number;
  readonly filesUsed: number;
  readonly filesFree: number;
  readonly openUploads: number;
}

export async function usage({ token }: Pick<Person, 'token'>): Promise<Usage> {
  const answer = await api('GET', '/usage', { token });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Usage;
}
