import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import type { UploadTicket } from '../../shared/uploads/create-upload-ticket.ts';
import { type Picture, plainPicture } from '../scenarios/plain-pictures.ts';

/** An upload whose PUT was answered with 200: the service has promised to bring it to an end. */
export interface Acknowledged {
  readonly uploadId: string;
  readonly user: string;
  readonly picture: Picture;
}

/** Who sends to where, and until when. */
export interface LoadOptions {
  readonly url: string;
  /** User -> token. Each user is a client of its own. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Ends the load; requests under way fail. */
  readonly signal: AbortSignal;
  /** Called in the moment of each acknowledgement. */
  readonly onAcknowledged: (upload: Acknowledged) => void;
}

/** Milliseconds that a client rests between two uploads; the one worker must not fall behind for ever. */
const REST = 80;
const COLOURS = ['red', 'green', 'blue', 'yellow'] as const;

/** Every user replaces an avatar again and again, PNG by JPEG by PNG, and looks at it, until the signal ends it. */
export async function putUnderLoad({ tokens, ...options }: LoadOptions): Promise<void> {
  await Promise.all([...tokens].map(([user, token]) => keepUploading({ ...options, user, token })));
}

type ClientOptions = Omit<LoadOptions, 'tokens'> & { readonly user: string; readonly token: string };

async function keepUploading(options: ClientOptions): Promise<void> {
  const { signal } = options;
  for (let turn = 0; !signal.aborted; turn += 1) {
    const picture = await plainPicture(COLOURS[turn % COLOURS.length] ?? 'red', turn % 2 === 0 ? 'png' : 'jpeg');
    try {
      const uploadId = await putPicture(options, picture);
      options.onAcknowledged({ uploadId, user: options.user, picture });
      await lookAtAvatar(options);
      await sleep(REST, undefined, { signal });
    } catch (error) {
      // The server was killed under this request, or a moment before; what it answered until then counts.
      if (!(error instanceof TypeError || signal.aborted)) throw error;
      return;
    }
  }
}

/** Ticket and PUT; resolves once the bytes are acknowledged. */
export async function putPicture(
  { url, token, user, signal }: Pick<ClientOptions, 'url' | 'token' | 'user'> & { readonly signal?: AbortSignal },
  { bytes, contentType }: Picture,
): Promise<string> {
  const asked = await fetch(`${url}/api/v1/users/${user}/avatar`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ contentType, contentLength: bytes.length }),
    ...(signal && { signal }),
  });
  if (asked.status !== 201) throw new Error(`${asked.status} for a ticket: ${await asked.text()}`);
  const ticket = (await asked.json()) as UploadTicket;
  const sent = await fetch(ticket.url, {
    method: 'PUT',
    headers: ticket.headers ?? {},
    body: new Uint8Array(bytes),
    ...(signal && { signal }),
  });
  if (sent.status !== 200) throw new Error(`${sent.status} for a PUT: ${await sent.text()}`);
  return ticket.uploadId;
}

/** What is published is whole at any moment. */
async function lookAtAvatar({ url, user, signal }: ClientOptions): Promise<void> {
  const reply = await fetch(`${url}/api/v1/users/${user}/avatar?fallback=404&format=jpg`, { signal });
  if (reply.status === 404) return;
  const { data, info } = await sharp(new Uint8Array(await reply.arrayBuffer()), { failOn: 'warning' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== 150 || info.height !== 150 || data.length === 0) throw new Error('a half picture was served');
}
