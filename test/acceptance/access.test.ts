import { describe, expect, it } from 'vitest';
import { type Answer, api, deleteAvatar, info, requestTicket, send, upload, waitForEnd } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { freeRoom, wholeRoom } from './room.ts';
import { BLUE, personWithAvatar, plainPng, RED, scenePng, shows } from './test-pictures.ts';

const WISH = { contentType: 'image/png', contentLength: 1000 };
const CROP = { crop: { x: 0, y: 0, size: 0.5 } };

/** Every way to change an avatar that answers whether it may. */
async function writes({ token }: Person, avatar: string): Promise<Answer[]> {
  return [
    await api('POST', `${avatar}/avatar`, { token, json: WISH }),
    await api('PATCH', `${avatar}/avatar`, { token, json: CROP }),
    await api('POST', `${avatar}/avatar`, { token, ...(await sentPicture()) }),
  ];
}

async function sentPicture() {
  const { bytes, contentType } = await scenePng();
  return { body: bytes, headers: { 'content-type': contentType } };
}

/** An answer without what differs from request to request. */
function likeness({ status, headers, body }: Answer): object {
  const changing = ['date', 'apigw-requestid', 'x-amzn-requestid', 'x-amzn-trace-id'];
  const named = [...headers].filter(([name]) => !changing.includes(name));
  return { status, headers: Object.fromEntries(named), body: { ...(body as object), requestId: '' } };
}

describe("a user's avatar", () => {
  it('is written by nobody else, colleague or stranger', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    const others = [await signIn({ org: ada.org }), await signIn(), await signIn({ role: 'admin' })];
    for (const other of others) {
      for (const answer of await writes(other, ada.avatar)) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      await deleteAvatar(other, ada.avatar);
    }
    expect(await shows(ada.avatar, RED)).toBe(true);
  });

  it('is written by an admin of its organization, at the expense of that organization', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    const admin = await signIn({ org: ada.org, role: 'admin' });
    expect(await upload(admin, await plainPng(BLUE), { avatar: ada.avatar })).toMatchObject({ status: 'ready' });
    expect(await shows(ada.avatar, BLUE)).toBe(true);
    await deleteAvatar(admin, ada.avatar);
    expect(await info(ada)).toMatchObject({ hasCustomAvatar: false });
  });

  it('is not written by an admin before its user has bound it to the organization', async () => {
    const ada = await signIn();
    const admin = await signIn({ org: ada.org, role: 'admin' });
    for (const answer of await writes(admin, ada.avatar)) expect(answer).toMatchObject({ status: 404 });
    await requestTicket(ada, await scenePng());
    expect(await api('POST', `${ada.avatar}/avatar`, { token: admin.token, json: WISH })).toMatchObject({
      status: 201,
    });
  });

  it('stays with its organization when its user signs in at another one', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    const elsewhere = await signIn({ sub: ada.sub });
    expect(await info(elsewhere)).toMatchObject({ hasCustomAvatar: true });
    expect(await upload(elsewhere, await plainPng(BLUE))).toMatchObject({ status: 'ready' });
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
    const colleague = await signIn({ org: elsewhere.org });
    expect(await freeRoom(colleague)).toBe(wholeRoom());
  });

  it('is seen by colleagues', async () => {
    const ada = await personWithAvatar(await scenePng());
    const colleague = await signIn({ org: ada.org });
    expect(await info(colleague, ada.avatar)).toEqual(await info(ada));
  });

  it('reads for another organization as if there were none', async () => {
    const ada = await personWithAvatar(await scenePng());
    const unknown = `/users/${newId('user')}`;
    for (const stranger of [await signIn(), await signIn({ role: 'admin' }), await signIn({ role: 'service' })]) {
      const [foreign, absent] = [await info(stranger, ada.avatar), await info(stranger, unknown)];
      const renamed = JSON.parse(
        JSON.stringify(foreign).replaceAll(ada.avatar, unknown).replaceAll(ada.sub, unknown.slice(7)),
      );
      expect(renamed).toEqual(absent);
      expect(foreign).toMatchObject({ hasCustomAvatar: false });
    }
  });
});

describe('an upload', () => {
  const uses = [
    ['followed', 'GET', ''],
    ['signed again', 'POST', '/ticket'],
    ['aborted', 'DELETE', ''],
  ] as const;

  it.each(uses)('cannot be %s from outside: it answers like one that never was', async (_, method, path) => {
    const ada = await signIn();
    const { uploadId } = await requestTicket(ada, await scenePng());
    for (const other of [await signIn(), await signIn({ role: 'admin' }), await signIn({ org: ada.org })]) {
      const { token } = other;
      const foreign = await api(method, `/uploads/${uploadId}${path}`, { token });
      expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
      for (const unknown of [crypto.randomUUID(), 'no-such-upload']) {
        const absent = await api(method, `/uploads/${unknown}${path}`, { token });
        expect(likeness(foreign)).toEqual(likeness(absent));
      }
    }
    expect((await api('GET', `/uploads/${uploadId}`, { token: ada.token })).body).toMatchObject({ status: 'pending' });
  });

  it.each(['admin', 'service'] as const)(
    'can be followed, signed again and aborted by an %s of the organization',
    async (role) => {
      const ada = await signIn();
      const { uploadId } = await requestTicket(ada, await scenePng());
      const { token } = await signIn({ org: ada.org, role });
      const statuses = [];
      for (const [, method, path] of uses) {
        statuses.push((await api(method, `/uploads/${uploadId}${path}`, { token })).status);
      }
      expect(statuses).toEqual([200, 200, 204]);
    },
  );

  it('belongs to who asked for it, not to whose avatar it is', async () => {
    const ada = await personWithAvatar(await plainPng(RED));
    const admin = await signIn({ org: ada.org, role: 'admin' });
    const blue = await plainPng(BLUE);
    const ticket = await requestTicket(admin, blue, { avatar: ada.avatar });
    expect(await api('GET', `/uploads/${ticket.uploadId}`, { token: ada.token })).toMatchObject({ status: 404 });
    await send(ticket, blue.bytes);
    expect(await waitForEnd(admin, ticket.uploadId)).toMatchObject({ status: 'ready' });
  });
});
