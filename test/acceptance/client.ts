import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { checkAnswer } from './contract.ts';
import type { Person } from './people.ts';

/** A client of the API, as somebody would write it who has only read its contract. */

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, else text. */
  readonly body: Body;
  /** What was asked, to resolve a Location against. */
  readonly url: URL;
}

export interface Ticket {
  readonly uploadId: string;
  readonly key: string;
  readonly method: 'PUT' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
  readonly contentLength: number;
  readonly expiresAt: string;
}

export const SIZES = { small: 32, medium: 150, large: 300 } as const;
export type Size = keyof typeof SIZES;

export interface AvatarInfo {
  readonly entityId: string;
  readonly hasCustomAvatar: boolean;
  readonly avatarUrl: string;
  readonly sizes?: Readonly<Record<Size, { readonly url: string; readonly bytes: number }>>;
  readonly upload?: { readonly uploadId: string; readonly status: string };
}

export interface Upload {
  readonly uploadId: string;
  readonly status: string;
  readonly code?: string;
  readonly remedy?: string;
  readonly avatar?: AvatarInfo;
}

export interface Picture {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** What may be said about an upload besides the picture. `avatar`: as `/agents/a1`. @default the person's own */
export interface UploadOptions {
  readonly avatar?: string;
  readonly method?: 'PUT' | 'POST';
  readonly crop?: Crop;
  readonly checksumSha256?: string;
}

export interface ApiOptions {
  readonly token?: string | undefined;
  readonly json?: unknown;
  readonly body?: string | Uint8Array | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One request to the API, by its path below /api/v1 or by a whole address. Its answer is held to the contract. Where the
 * target may be overloaded it is asked again, when it says or a second later (RFC 9110, 10.2.3).
 */
export async function api(method: string, path: string | URL, options: ApiOptions = {}): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await request(method, path, options);
    if (![502, 503].includes(answer.status) || tries >= inject('target').patience) return answer;
    await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1000);
  }
}

async function request(method: string, path: string | URL, options: ApiOptions): Promise<Answer> {
  const { token, json, body } = options;
  const url = path instanceof URL ? path : new URL(`${inject('target').baseUrl}/api/v1${path}`);
  const headers = new Headers(options.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (json !== undefined) headers.set('content-type', 'application/json');
  const sent = json === undefined ? body : JSON.stringify(json);
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    ...(sent !== undefined && { body: sent as string | FormData | Uint8Array<ArrayBuffer> }),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
  await checkAnswer({ method, pathname: url.pathname, status: response.status, contentType, text });
  // A gateway may give an empty answer a type.
  const parsed = text !== '' && /[/+]json$/.test(contentType) ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed, url };
}

/** An answer without what differs from request to request anyway. */
export function likeness({ status, headers, body }: Answer): object {
  const changing = /^(date|.*request-?id.*|x-amzn-trace-id|content-length|keep-alive)$/;
  const kept = [...headers].filter(([name]) => !changing.test(name));
  return { status, headers: Object.fromEntries(kept), body: { ...(body as object), requestId: '' } };
}

/** A ticket that is granted. For refused ones, ask by `api`. */
export async function requestTicket(
  person: Person,
  picture: Picture,
  { avatar = person.avatar, ...wish }: UploadOptions = {},
): Promise<Ticket> {
  const json = { contentType: picture.contentType, contentLength: picture.bytes.length, ...wish };
  const answer = await api('POST', `${avatar}/avatar`, { token: person.token, json });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201 });
  return answer.body as Ticket;
}

/** Sends bytes as the ticket says. `error` is the code in S3's error document. */
export async function send(ticket: Ticket, bytes: Uint8Array): Promise<{ status: number; error?: string }> {
  const { method, url, headers } = ticket;
  const body = method === 'POST' ? formOf(ticket, bytes) : (bytes as Uint8Array<ArrayBuffer>);
  const response = await fetch(url, { method, body, ...(headers && { headers }) });
  const error = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return { status: response.status, ...(error !== undefined && { error }) };
}

/** S3 ignores whatever follows the file, so the fields come first. */
function formOf({ fields = {} }: Ticket, bytes: Uint8Array): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([bytes as Uint8Array<ArrayBuffer>]));
  return form;
}

/** The record of an upload once it has ended, however it did. */
export async function waitForEnd(person: Person, uploadId: string): Promise<Upload> {
  for (const deadline = Date.now() + 240_000; Date.now() < deadline; ) {
    const { status, body } = await api('GET', `/uploads/${uploadId}?wait=20`, { token: person.token });
    expect(status).toBe(200);
    const upload = body as Upload;
    if (upload.status !== 'pending' && upload.status !== 'processing') return upload;
    await sleep(100);
  }
  throw new Error(`upload ${uploadId} has not ended`);
}

/** The whole way: ticket, bytes, and the record at the end. */
export async function upload(person: Person, picture: Picture, options: UploadOptions = {}): Promise<Upload> {
  const ticket = await requestTicket(person, picture, options);
  expect(await send(ticket, picture.bytes)).toEqual({ status: ticket.method === 'PUT' ? 200 : 204 });
  return waitForEnd(person, ticket.uploadId);
}

export async function info(person: Person, avatar: string = person.avatar): Promise<AvatarInfo> {
  const { status, body } = await api('GET', `${avatar}/avatar/info`, { token: person.token });
  expect(status).toBe(200);
  return body as AvatarInfo;
}

/** Deletes by the rules of the API: what it answers does not depend on what was there. */
export async function deleteAvatar(person: Person, avatar: string = person.avatar): Promise<void> {
  expect(await api('DELETE', `${avatar}/avatar`, { token: person.token })).toMatchObject({ status: 204 });
}

/** The public image address, not followed. */
export function image(avatar: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return api('GET', `${avatar}/avatar?${new URLSearchParams(query)}`);
}

/** What a browser ends with when it opens an address. Sends no token. */
export async function download(address: string | URL): Promise<{ status: number; contentType: string; bytes: Buffer }> {
  const response = await fetch(address, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (location) return download(new URL(location, response.url));
  const contentType = response.headers.get('content-type') ?? '';
  return { status: response.status, contentType, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** The picture that an avatar shows to everyone. */
export async function shownPicture(avatar: string, size: Size = 'large', format = 'webp'): Promise<Buffer> {
  const { status, headers, url } = await image(avatar, { size, format });
  expect(status).toBe(302);
  const { bytes } = await download(new URL(headers.get('location') ?? '', url));
  return bytes;
}
