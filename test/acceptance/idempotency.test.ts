import { describe, expect, it } from 'vitest';
import { type Answer, api, send, type Ticket, waitForEnd } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { freeRoom, LARGE_WISH, wholeRoom } from './room.ts';
import { scenePng } from './test-pictures.ts';

function ask({ avatar, token }: Person, key: string, json: object = LARGE_WISH): Promise<Answer> {
  return api('POST', `${avatar}/avatar`, { token, json, headers: { 'idempotency-key': key } });
}

const idOf = ({ body }: Answer): string => (body as Ticket).uploadId;

describe('a ticket request with an Idempotency-Key', () => {
  it('gets the same upload when it is repeated, and reserves once', async () => {
    const ada = await signIn();
    const key = newId('key');
    const [first, second] = [await ask(ada, key), await ask(ada, key)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(idOf(second)).toBe(idOf(first));
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
  });

  it('gets the same upload when it is sent ten times at once', async () => {
    const ada = await signIn();
    const key = newId('key');
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(ada, key)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await freeRoom(ada)).toBe(wholeRoom() - 1);
  });

  it('is refused for another request under the same key', async () => {
    const ada = await signIn();
    const key = newId('key');
    await ask(ada, key);
    const other = await ask(ada, key, { ...LARGE_WISH, contentType: 'image/jpeg' });
    const body = { code: 'idempotency_key_reused', field: 'Idempotency-Key' };
    expect(other).toMatchObject({ status: 422, body });
  });

  it('is told that its upload is finished once it is', async () => {
    const ada = await signIn();
    const picture = await scenePng();
    const wish = { contentType: picture.contentType, contentLength: picture.bytes.length };
    const key = newId('key');
    const ticket = (await ask(ada, key, wish)).body as Ticket;
    await send(ticket, picture.bytes);
    expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
    const body = { code: 'upload_finished', uploadId: ticket.uploadId, uploadStatus: 'ready' };
    expect(await ask(ada, key, wish)).toMatchObject({ status: 409, body });
  });

  it('never meets the same key of somebody else', async () => {
    const ada = await signIn();
    const bob = await signIn({ org: ada.org });
    const key = newId('key');
    const [adas, bobs] = [await ask(ada, key), await ask(bob, key)];
    expect([adas.status, bobs.status]).toEqual([201, 201]);
    expect(idOf(bobs)).not.toBe(idOf(adas));
  });

  it('may use the key again for another avatar', async () => {
    const ada = await signIn();
    const admin = await signIn({ org: ada.org, role: 'admin' });
    await ask(ada, newId('key'));
    const key = newId('key');
    const [own, others] = [await ask(admin, key), await ask({ ...admin, avatar: ada.avatar }, key)];
    expect([own.status, others.status]).toEqual([201, 201]);
    expect(idOf(others)).not.toBe(idOf(own));
  });

  it.each(['', 'two words', 'k'.repeat(256)])('is refused for the key "%s"', async (key) => {
    const refused = await ask(await signIn(), key);
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'Idempotency-Key' } });
  });
});
