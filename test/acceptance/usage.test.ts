import { describe, expect, it } from 'vitest';
import {
  askForAttachment,
  attach,
  deleteAttachment,
  requestAttachment,
  sendAttachment,
  text,
  type Usage,
  usage,
} from './attachments.ts';
import { api, deleteAvatar, requestTicket, send, type Ticket, upload, waitForEnd } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { LARGE, wholeRoom } from './room.ts';
import { BLUE, photo, plainPng, RED } from './test-pictures.ts';

const NOTHING = { bytesUsed: 0, filesUsed: 0, openUploads: 0 };

/** A picture whose metadata cannot be removed here, so it is rejected. */
const HEIC = { bytes: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), contentType: 'image/heic' };

async function abort({ token }: Person, uploadId: string): Promise<void> {
  expect(await api('DELETE', `/uploads/${uploadId}`, { token })).toMatchObject({ status: 204 });
}

describe('the usage of an organization', () => {
  it('is nothing at first, and is seen by its members', async () => {
    const before = await usage(await signIn());
    expect(before).toMatchObject(NOTHING);
    expect(before.bytesFree).toBeGreaterThan(0);
    expect(before.filesFree).toBeGreaterThan(0);
  });

  it('counts what is reserved and what is stored, and no more', async () => {
    const ada = await signIn();
    const bob = await signIn({ org: ada.org });
    const { bytesFree, filesFree } = await usage(bob);
    const used = async (): Promise<Usage> => {
      const now = await usage(bob);
      expect([now.bytesUsed + now.bytesFree, now.filesUsed + now.filesFree]).toEqual([bytesFree, filesFree]);
      return now;
    };
    const ticket = await requestAttachment(ada, text('hello'));
    expect(await used()).toMatchObject({ bytesUsed: 5, filesUsed: 1, openUploads: 1 });
    await send(ticket, text('hello').bytes);
    await waitForEnd(ada, ticket.uploadId);
    expect(await used()).toMatchObject({ bytesUsed: 5, filesUsed: 1, openUploads: 0 });
    const draft = await attach(ada, text('12345678'), { draft: true });
    expect(await used()).toMatchObject({ bytesUsed: 13, filesUsed: 2 });
    const { uploadId } = await requestAttachment(ada, text('x'));
    await abort(ada, uploadId);
    expect(await sendAttachment(ada, HEIC)).toMatchObject({ status: 'rejected' });
    expect(await used()).toMatchObject({ bytesUsed: 13, filesUsed: 2, openUploads: 0 });
    for (const id of [ticket.uploadId, draft.id])
      expect(await deleteAttachment(ada, id)).toMatchObject({ status: 204 });
    expect(await used()).toMatchObject(NOTHING);
  });

  it('counts what was sent of a picture, whatever its preview takes and however much metadata it loses', async () => {
    const ada = await signIn();
    const { bytes, contentType } = await photo();
    expect((await attach(ada, { bytes, contentType })).size).not.toBe(bytes.length);
    expect(await usage(ada)).toMatchObject({ bytesUsed: bytes.length, filesUsed: 1 });
  });

  it('is nothing again after many uploads at once, however each of them ended', async () => {
    const ada = await signIn();
    const ends: ((name: string) => Promise<unknown>)[] = [
      async (name) => deleteAttachment(ada, (await attach(ada, text(name))).id),
      async (name) => deleteAttachment(ada, (await attach(ada, text(name), { draft: true })).id),
      async (name) => abort(ada, (await requestAttachment(ada, text(name))).uploadId),
      (name) => sendAttachment(ada, { ...HEIC, bytes: Buffer.concat([HEIC.bytes, Buffer.from(name)]) }),
    ];
    await Promise.all(Array.from({ length: 16 }, (_, at) => ends[at % ends.length]?.(`${at}`)));
    expect(await usage(ada)).toMatchObject(NOTHING);
  });

  it('is what is stored after any mix of ends, of avatars too', async () => {
    const ada = await signIn();
    const [red, blue] = [await plainPng(RED), await plainPng(BLUE)];
    const slow = await requestTicket(ada, red);
    expect(await upload(ada, blue)).toMatchObject({ status: 'ready' });
    await send(slow, red.bytes);
    expect(await waitForEnd(ada, slow.uploadId)).toMatchObject({ status: 'superseded' });
    const files = await Promise.all(['a', 'bb', 'ccc'].map((content) => attach(ada, text(content))));
    const bytesUsed = blue.bytes.length + 6;
    expect(await usage(ada)).toMatchObject({ bytesUsed, filesUsed: 4, openUploads: 0 });
    await Promise.all([...files, ...files].map(({ id }) => deleteAttachment(ada, id)));
    await deleteAvatar(ada);
    expect(await usage(ada)).toMatchObject(NOTHING);
  });
});

describe('fifty people who ask at once for the last bytes', () => {
  it('get as many as fit, never more, and none is lost', async () => {
    const org = newId('org');
    const people: Person[] = [];
    while (people.length < 50) people.push(...(await Promise.all(Array.from({ length: 5 }, () => signIn({ org })))));
    const large = { bytes: { length: LARGE }, contentType: 'application/octet-stream' };
    const answers = await Promise.all(
      people.map(async (person) => ({
        person,
        ...(await askForAttachment(person, large, {}, { 'idempotency-key': newId('request') })),
      })),
    );
    const granted = answers.filter(({ status }) => status === 201);
    expect(granted).toHaveLength(wholeRoom());
    for (const { status, body } of answers.filter((one) => one.status !== 201)) {
      expect({ status, body }).toMatchObject({ status: 409, body: { code: 'quota_exceeded', bytesFree: 0 } });
    }
    expect(await usage(people[0] as Person)).toMatchObject({ bytesFree: 0, openUploads: wholeRoom() });
    for (const { person, body } of granted) await abort(person, (body as Ticket).uploadId);
    expect(await usage(people[0] as Person)).toMatchObject(NOTHING);
  });
});
