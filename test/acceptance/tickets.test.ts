import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, inject, it } from 'vitest';
import { type Picture, requestTicket, send, type Ticket, waitForEnd } from './client.ts';
import { signIn } from './people.ts';
import { BLUE, plainPng, RED, scenePng, settle, shows } from './test-pictures.ts';

/** The address with another value under a name that ends with `signature`, whatever its case. */
function forged({ url }: Ticket): string {
  const address = new URL(url);
  const name = [...address.searchParams.keys()].find((key) => /signature$/i.test(key));
  if (!name) throw new Error('no signature in the address');
  address.searchParams.set(name, flipped(address.searchParams.get(name) ?? ''));
  return address.href;
}

function flipped(signature: string): string {
  return `${signature.startsWith('a') ? 'b' : 'a'}${signature.slice(1)}`;
}

function without(headers: Ticket['headers'], name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([key]) => key.toLowerCase() !== name));
}

/** A small file of 36 megapixels: still being worked on when the slower of two writers arrives. */
async function slowPng(): Promise<Picture> {
  const plain = sharp({ create: { width: 6000, height: 6000, channels: 3, background: '#123456' } });
  return { bytes: await plain.png().toBuffer(), contentType: 'image/png' };
}

describe('a PUT ticket grants one object and nothing else', async () => {
  const picture = await scenePng();
  const { bytes } = picture;
  const SIGNATURE = { status: 403, error: 'SignatureDoesNotMatch' };

  it('refuses fewer and more bytes than were announced', async () => {
    const ticket = await requestTicket(await signIn(), picture);
    expect(await send(ticket, bytes.subarray(1))).toEqual(SIGNATURE);
    expect(await send(ticket, Buffer.concat([bytes, bytes]))).toEqual(SIGNATURE);
  });

  it('refuses another type', async () => {
    const ticket = await requestTicket(await signIn(), picture);
    const headers = { ...ticket.headers, 'content-type': 'text/html' };
    expect(await send({ ...ticket, headers }, bytes)).toEqual(SIGNATURE);
  });

  it('refuses to write without the condition that nothing stands there', async () => {
    const ticket = await requestTicket(await signIn(), picture);
    const headers = without(ticket.headers, 'if-none-match');
    expect(await send({ ...ticket, headers }, bytes)).toMatchObject({ status: 403 });
  });

  it('refuses headers that were not granted', async ({ annotate }) => {
    const ticket = await requestTicket(await signIn(), picture);
    const headers = { ...ticket.headers, 'x-amz-meta-owner': 'me' };
    const answer = await send({ ...ticket, headers }, bytes);
    const { ungrantedHeaders } = inject('target').differences;
    if (ungrantedHeaders !== undefined) await annotate(`this target's S3 differs: ${ungrantedHeaders}`);
    expect(answer).toMatchObject({ status: ungrantedHeaders === undefined ? 403 : 200 });
  });

  it('refuses a forged signature', async () => {
    const ticket = await requestTicket(await signIn(), picture);
    expect(await send({ ...ticket, url: forged(ticket) }, bytes)).toEqual(SIGNATURE);
  });

  it('refuses the key of another ticket', async () => {
    const ada = await signIn();
    const [ticket, other] = [await requestTicket(ada, picture), await requestTicket(ada, picture)];
    expect(ticket.url).toContain(ticket.uploadId);
    const url = ticket.url.replace(ticket.uploadId, other.uploadId);
    expect(await send({ ...ticket, url }, bytes)).toEqual(SIGNATURE);
  });

  it('still takes the right bytes after all refusals', async () => {
    const ada = await signIn();
    const ticket = await requestTicket(ada, picture);
    await send(ticket, bytes.subarray(1));
    await send({ ...ticket, url: forged(ticket) }, bytes);
    expect(await send(ticket, bytes)).toEqual({ status: 200 });
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
  });

  it('holds the bytes to their checksum', async () => {
    const ada = await signIn();
    const checksumSha256 = createHash('sha256').update(bytes).digest('base64');
    const ticket = await requestTicket(ada, picture, { checksumSha256 });
    const changed = Buffer.from(bytes);
    changed.reverse();
    expect(await send(ticket, changed)).toEqual({ status: 400, error: 'BadDigest' });
    const headers = without(ticket.headers, 'x-amz-checksum-sha256');
    expect(await send({ ...ticket, headers }, bytes)).toMatchObject({ status: 403 });
    expect(await send(ticket, bytes)).toEqual({ status: 200 });
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
  });

  it('lets one of two writers that race through', async () => {
    const ada = await signIn();
    const large = await slowPng();
    const ticket = await requestTicket(ada, large);
    const answers = await Promise.all([send(ticket, large.bytes), send(ticket, large.bytes)]);
    expect(answers.toSorted((a, b) => a.status - b.status)).toEqual([
      { status: 200 },
      { status: 412, error: 'PreconditionFailed' },
    ]);
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
  });

  it('changes nothing any more once the upload is ready', async () => {
    const ada = await signIn();
    const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
    const ticket = await requestTicket(ada, red);
    await send(ticket, red.bytes);
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
    expect([200, 412]).toContain((await send(ticket, blue.bytes)).status);
    await settle();
    expect(await shows(ada.avatar, RED)).toBe(true);
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
  });
});

describe('a POST ticket grants one object and nothing else', async () => {
  const picture = await scenePng();
  const { bytes } = picture;
  const form = async () => requestTicket(await signIn(), picture, { method: 'POST' });

  /** The ticket with one field changed, whatever the case of its name. */
  const withField = (ticket: Ticket, name: string, value: string): Ticket => {
    const field = Object.keys(ticket.fields ?? {}).find((key) => key.toLowerCase() === name) ?? name;
    return { ...ticket, fields: { ...ticket.fields, [field]: value } };
  };

  it('refuses fewer and more bytes than were announced', async () => {
    const ticket = await form();
    expect(await send(ticket, bytes.subarray(1))).toEqual({ status: 400, error: 'EntityTooSmall' });
    expect(await send(ticket, Buffer.concat([bytes, bytes]))).toEqual({ status: 400, error: 'EntityTooLarge' });
  });

  it('refuses another type and another key', async () => {
    const ticket = await form();
    const refused = { status: 403, error: 'AccessDenied' };
    expect(await send(withField(ticket, 'content-type', 'text/html'), bytes)).toEqual(refused);
    expect(await send(withField(ticket, 'key', (await form()).key), bytes)).toEqual(refused);
  });

  it('refuses fields that were not granted', async ({ annotate }) => {
    const answer = await send(withField(await form(), 'acl', 'public-read'), bytes);
    const { ungrantedFields } = inject('target').differences;
    if (ungrantedFields !== undefined) await annotate(`this target's S3 differs: ${ungrantedFields}`);
    expect(answer).toEqual(ungrantedFields === undefined ? { status: 403, error: 'AccessDenied' } : { status: 204 });
  });

  it('refuses a forged signature', async () => {
    const ticket = await form();
    const name = Object.keys(ticket.fields ?? {}).find((key) => /signature$/i.test(key)) ?? '';
    const signature = flipped(ticket.fields?.[name] ?? '');
    const fields = { ...ticket.fields, [name]: signature };
    expect(await send({ ...ticket, fields }, bytes)).toEqual({ status: 403, error: 'SignatureDoesNotMatch' });
  });

  it('can be sent again, but the picture stays the one that was first', async () => {
    const ada = await signIn();
    const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
    const ticket = await requestTicket(ada, red, { method: 'POST' });
    expect(await send(ticket, red.bytes)).toEqual({ status: 204 });
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
    expect(await send(ticket, blue.bytes)).toEqual({ status: 204 });
    await settle();
    expect(await shows(ada.avatar, RED)).toBe(true);
  });
});
