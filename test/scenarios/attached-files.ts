import type { UploadTicket } from '../../shared/api/schemas.ts';
import type { Client, Reply } from './client.ts';
import type { Message, World } from './world.ts';

/** Bytes, and what the client calls them. */
export interface SentFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

export const LETTER: SentFile = { bytes: Buffer.from('a letter'), contentType: 'text/plain' };

/** The signature that every scanner knows, in two halves: this source file must not be taken for malware itself. */
export const VIRUS: SentFile = {
  bytes: Buffer.from(['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')),
  contentType: 'text/plain',
};

/** Asks for a ticket. With a key, so that a second try reserves nothing twice. */
export function askToAttach(
  ada: Client,
  file: SentFile,
  options: object = {},
  idempotencyKey = 'attachment-1',
): Promise<Reply> {
  const { bytes, contentType } = file;
  const body = { filename: 'a', visibility: 'organization', contentType, contentLength: bytes.length, ...options };
  return ada.request('POST', '/attachments', { body, idempotencyKey });
}

/** Ticket and bytes; the event waits. */
export async function attach(
  ada: Client,
  file: SentFile,
  options: object = {},
  idempotencyKey?: string,
): Promise<{ readonly id: string; readonly event: Message }> {
  const { body } = await askToAttach(ada, file, options, idempotencyKey);
  const ticket = body as unknown as UploadTicket;
  return { id: ticket.uploadId, event: await ada.put(ticket, file as Parameters<Client['put']>[1]) };
}

/** The keys of all objects. */
export async function keysOf({ storage }: Pick<World, 'storage'>): Promise<string[]> {
  return (await storage.listFiles({ prefix: '' })).files.map(({ key }) => key);
}

/** Whether the organization's quota holds exactly what its records do. */
export async function isQuotaRight({ metadata }: World, organizationId = 'acme'): Promise<boolean> {
  const record = await metadata.getOrganization({ organizationId });
  if (!record) return true;
  const counted = await metadata.countUsage({ organizationId });
  const { bytesLimit, bytesFree, filesLimit, filesFree } = record;
  return counted.bytes === bytesLimit - bytesFree && counted.files === filesLimit - filesFree;
}
