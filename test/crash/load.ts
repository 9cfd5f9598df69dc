import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import type { Upload, UploadTicket } from '../../shared/api/schemas.ts';
import { type Picture, plainPicture } from '../scenarios/plain-pictures.ts';

/** What the service has promised: to bring bytes or a crop to their end, or never to show again what was deleted. */
export type Acknowledged = { readonly user: string } & (
  | { readonly what: 'put' | 'form'; readonly uploadId: string; readonly picture: Picture }
  | { readonly what: 'crop'; readonly uploadId: string }
  | { readonly what: 'delete' }
);

/** Who sends to where, and until when. */
export interface LoadOptions {
  readonly url: string;
  /** User -> token. Each user is a client of its own. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Where each client begins in its round of pictures and deeds. */
  readonly firstTurn: number;
  /** Ends the load; requests under way fail. */
  readonly signal: AbortSignal;
  /** Called in the moment of each acknowledgement. */
  readonly onAcknowledged: (acknowledged: Acknowledged) => void;
}

/** Milliseconds that a client rests between two uploads; the one worker must not fall behind for ever. */
const REST = 80;
const COLOURS = ['red', 'green', 'blue', 'yellow'] as const;

/**
 * Every user replaces an avatar again and again, PNG by JPEG by PNG, now and then by a form, looks at it, and now and
 * then crops it before or deletes it after, until the signal ends it.
 */
export async function putUnderLoad({ tokens, firstTurn, ...options }: LoadOptions): Promise<void> {
  const users = [...tokens].map(([user, token], index) => live({ ...options, user, token }, firstTurn + index));
  await Promise.all(users);
}

type ClientOptions = Omit<LoadOptions, 'tokens' | 'firstTurn'> & { readonly user: string; readonly token: string };

async function live(options: ClientOptions, firstTurn: number): Promise<void> {
  const { signal } = options;
  for (let turn = firstTurn; !signal.aborted; turn += 1) {
    try {
      await takeTurn(options, turn);
      await sleep(REST, undefined, { signal });
    } catch (error) {
      // The server was killed under this request, or a moment before; what it answered until then counts.
      if (!(error instanceof TypeError || signal.aborted)) throw error;
      return;
    }
  }
}

/** Pictures change in fours, forms come in threes, crops and deletes in fives, so that everything meets everything. */
async function takeTurn(options: ClientOptions, turn: number): Promise<void> {
  const { user, onAcknowledged } = options;
  const picture = await plainPicture(COLOURS[turn % 4] ?? 'red', turn % 2 === 0 ? 'png' : 'jpeg');
  const what = turn % 3 === 0 ? 'form' : 'put';
  if (turn % 5 === 1) {
    const cropped = await crop(options);
    if (cropped) onAcknowledged({ user, what: 'crop', uploadId: cropped });
  }
  const uploadId = await sendPicture(options, picture, what);
  onAcknowledged({ user, what, uploadId, picture });
  await lookAtAvatar(options);
  if (turn % 5 === 3) {
    await deleteAvatar(options);
    onAcknowledged({ user, what: 'delete' });
    if (await lookAtAvatar(options)) throw new Error('a deleted picture was served');
  }
}

type Session = Pick<ClientOptions, 'url' | 'token' | 'user'> & { readonly signal?: AbortSignal };

/** Ticket and bytes; resolves once the bytes are acknowledged. */
export async function sendPicture(session: Session, picture: Picture, what: 'put' | 'form'): Promise<string> {
  const { bytes, contentType } = picture;
  const method = what === 'put' ? 'PUT' : 'POST';
  const wish = { contentType, contentLength: bytes.length, method };
  const asked = await ask(session, 'POST', `/users/${session.user}/avatar`, { statuses: [201], body: wish });
  const ticket = JSON.parse(asked.text) as UploadTicket;
  const sent = await fetch(ticket.url, {
    method,
    headers: ticket.headers ?? {},
    body: what === 'put' ? new Uint8Array(bytes) : formOf(ticket, bytes),
    ...(session.signal && { signal: session.signal }),
  });
  if (sent.status !== (what === 'put' ? 200 : 204)) {
    throw new Error(`${sent.status} for a ${method}: ${await sent.text()}`);
  }
  return ticket.uploadId;
}

/** S3 ignores whatever follows the file, so the fields come first. */
function formOf({ fields = {} }: UploadTicket, bytes: Uint8Array): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]));
  return form;
}

/** The record of an upload once it has ended. */
export async function uploadAtItsEnd(session: Session, uploadId: string): Promise<Upload> {
  const { text } = await ask(session, 'GET', `/uploads/${uploadId}?wait=20`, { statuses: [200] });
  return JSON.parse(text) as Upload;
}

/** Has the picture rendered again; undefined while there is none, or while a newer one is on its way. */
async function crop(session: ClientOptions): Promise<string | undefined> {
  const body = { crop: { x: 0, y: 0, size: 0.5 } };
  const reply = await ask(session, 'PATCH', `/users/${session.user}/avatar`, { statuses: [202, 404, 409], body });
  return reply.status === 202 ? (JSON.parse(reply.text) as Upload).uploadId : undefined;
}

async function deleteAvatar(session: ClientOptions): Promise<void> {
  await ask(session, 'DELETE', `/users/${session.user}/avatar`, { statuses: [204] });
}

/** What is published is whole at any moment. Resolves with whether anything is. */
async function lookAtAvatar({ url, user, signal }: ClientOptions): Promise<boolean> {
  const reply = await fetch(`${url}/api/v1/users/${user}/avatar?fallback=404&format=jpg`, { signal });
  if (reply.status === 404) return false;
  const { data, info } = await sharp(new Uint8Array(await reply.arrayBuffer()), { failOn: 'warning' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== 150 || info.height !== 150 || data.length === 0) throw new Error('a half picture was served');
  return true;
}

/** @throws Error for an answer of any other status. */
async function ask(
  { url, token, signal }: Session,
  method: string,
  path: string,
  { statuses, body }: { readonly statuses: readonly number[]; readonly body?: object },
): Promise<{ readonly status: number; readonly text: string }> {
  const reply = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await reply.text();
  if (!statuses.includes(reply.status)) throw new Error(`${reply.status} for ${method} ${path}: ${text}`);
  return { status: reply.status, text };
}
