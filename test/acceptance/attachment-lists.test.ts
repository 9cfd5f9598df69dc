import { beforeAll, describe, expect, it } from 'vitest';
import { type Attachment, attach, changeAttachment, deleteAttachment, list, text } from './attachments.ts';
import { api } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { plainPng, RED } from './test-pictures.ts';

type Query = Readonly<Record<string, string>>;

/** Lists of a deployed service follow after a moment. */
const EVENTUALLY = { timeout: 20_000 };

const idsOf = (items: readonly Attachment[]): string[] => items.map(({ id }) => id);

/** The ids of a page that holds all. */
async function ids(person: Person, query: Query = {}): Promise<string[]> {
  return idsOf((await list(person, { ...query, limit: '100' })).items);
}

/** The ids of every page from `cursor` on, in their order. A page may have fewer than its limit while others follow. */
async function walk(person: Person, query: Query, limitOf: (page: number) => number, cursor?: string) {
  const found: string[] = [];
  let next = cursor;
  for (let page = 0; page === 0 || next !== undefined; page++) {
    const limit = limitOf(page);
    const { items, nextCursor } = await list(person, {
      ...query,
      limit: `${limit}`,
      ...(next !== undefined && { cursor: next }),
    });
    expect(items.length).toBeLessThanOrEqual(limit);
    found.push(...idsOf(items));
    next = nextCursor;
  }
  return found;
}

/** Each with its number as its content, the latest first. */
async function sendSome(person: Person, count: number): Promise<string[]> {
  const sent: string[] = [];
  for (let at = 0; at < count; at++) sent.unshift((await attach(person, text(`${at}`))).id);
  await expect.poll(() => ids(person), EVENTUALLY).toEqual(sent);
  return sent;
}

describe('the list of attachments', () => {
  it('is empty at first, and has no page that follows', async () => {
    const ada = await signIn();
    expect(await list(ada)).toEqual({ items: [] });
    expect(await list(ada, { contextId: 'chat', uploader: ada.sub, type: 'image/' })).toEqual({ items: [] });
  });

  it('says of each what the attachment itself says', async () => {
    const ada = await signIn();
    const sent = await attach(ada, await plainPng(RED), { filename: 'red.png', metadata: { caption: 'red' } });
    // Links change at the turn of a half hour.
    const links = { contentUrl: expect.any(String), preview: { ...sent.preview, url: expect.any(String) } };
    await expect.poll(async () => (await list(ada)).items, EVENTUALLY).toEqual([{ ...sent, ...links }]);
  });

  it('has the newest first, each once, whatever the size of its pages, even when that changes on the way', async () => {
    const ada = await signIn();
    const sent = await sendSome(ada, 7);
    for (const size of [1, 2, 3, 7, 100]) expect(await walk(ada, {}, () => size), `${size}`).toEqual(sent);
    expect(await walk(ada, {}, (page) => page + 1)).toEqual(sent);
  });

  it('goes on where its page ended, although newer ones came and some went meanwhile', async () => {
    const ada = await signIn();
    const sent = await sendSome(ada, 6);
    const first = await list(ada, { limit: '2' });
    const newer = await attach(ada, text('newer'));
    const [last = '', gone = ''] = [idsOf(first.items).at(-1), sent[3]];
    for (const id of [last, gone]) expect(await deleteAttachment(ada, id)).toMatchObject({ status: 204 });
    await expect.poll(() => ids(ada), EVENTUALLY).toContain(newer.id);
    const rest = sent.filter((id) => id !== gone && !idsOf(first.items).includes(id));
    expect(await walk(ada, {}, () => 2, first.nextCursor)).toEqual(rest);
  });

  it('has no drafts and nothing deleted; of what is private to others, admins and services alone are told', async () => {
    const ada = await signIn();
    const same = { org: ada.org };
    const readers = [ada, await signIn({ ...same, role: 'admin' }), await signIn({ ...same, role: 'service' })];
    const bob = await signIn(same);
    const filters = { contextId: newId('chat') };
    await attach(ada, text(), { ...filters, draft: true });
    const shown = await attach(ada, text(), filters);
    const gone = await attach(ada, text(), filters);
    const secret = await attach(ada, text(), { ...filters, visibility: 'private' });
    await deleteAttachment(ada, gone.id);
    for (const query of [{}, filters, { uploader: ada.sub }, { type: 'text/plain' }]) {
      for (const reader of readers)
        await expect.poll(() => ids(reader, query), EVENTUALLY).toEqual([secret.id, shown.id]);
      expect(await ids(bob, query)).toEqual([shown.id]);
    }
    await changeAttachment(ada, secret.id, { visibility: 'organization' });
    await changeAttachment(ada, shown.id, { visibility: 'private' });
    await expect.poll(() => ids(bob), EVENTUALLY).toEqual([secret.id]);
  });

  it('shows a claimed draft in its place, by the time of its ticket', async () => {
    const ada = await signIn();
    const draft = await attach(ada, text(), { draft: true });
    const later = await attach(ada, text());
    await changeAttachment(ada, draft.id, { draft: false });
    await expect.poll(() => ids(ada), EVENTUALLY).toEqual([later.id, draft.id]);
  });

  it.each(['0', '101', '-1', '1.5', 'all', ''])('has no pages of "%s"', async (limit) => {
    const { token } = await signIn();
    const refused = await api('GET', `/attachments?limit=${limit}`, { token });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'limit' } });
  });

  it.each([
    ['order', 'oldest'],
    ['contextId', '../x'],
    ['type', 'image/png,text/plain'],
    ['type', ''],
  ])('has no filter %s=%s', async (field, value) => {
    const { token } = await signIn();
    const refused = await api('GET', `/attachments?${new URLSearchParams({ [field]: value })}`, { token });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field } });
  });
});

describe('a filtered list', () => {
  let ada: Person;
  let bob: Person;
  const [room, other] = [newId('chat'), newId('chat')];
  const named: Record<string, string> = {};

  beforeAll(async () => {
    ada = await signIn();
    bob = await signIn({ org: ada.org });
    const picture = await plainPng(RED);
    const pdf = text('%PDF-1.7\n', 'application/pdf');
    const send = async (name: string, ...sent: Parameters<typeof attach>) => {
      named[name] = (await attach(...sent)).id;
    };
    await send("ada's picture in the room", ada, picture, { contextId: room });
    await send("ada's PDF in the room", ada, pdf, { contextId: room });
    await send("bob's picture in the room", bob, picture, { contextId: room });
    await send("bob's letter elsewhere", bob, text(), { contextId: other });
    await send("ada's letter nowhere", ada, text());
  }, 90_000);

  it.each<[string, () => Query, string[]]>([
    [
      'context',
      () => ({ contextId: room }),
      ["bob's picture in the room", "ada's PDF in the room", "ada's picture in the room"],
    ],
    ['another context', () => ({ contextId: other }), ["bob's letter elsewhere"]],
    ['a context that nothing is in', () => ({ contextId: newId('chat') }), []],
    ['uploader', () => ({ uploader: bob.sub }), ["bob's letter elsewhere", "bob's picture in the room"]],
    ['somebody who sent nothing', () => ({ uploader: newId('user') }), []],
    ['pictures', () => ({ type: 'image/' }), ["bob's picture in the room", "ada's picture in the room"]],
    ['the start of a type', () => ({ type: 'app' }), ["ada's PDF in the room"]],
    ['one type, in capitals', () => ({ type: 'Application/PDF' }), ["ada's PDF in the room"]],
    ['a type that nothing has', () => ({ type: 'video/' }), []],
    [
      'context and uploader',
      () => ({ contextId: room, uploader: ada.sub }),
      ["ada's PDF in the room", "ada's picture in the room"],
    ],
    [
      'context and type',
      () => ({ contextId: room, type: 'image/' }),
      ["bob's picture in the room", "ada's picture in the room"],
    ],
    ['uploader and type', () => ({ uploader: ada.sub, type: 'text/plain' }), ["ada's letter nowhere"]],
    ['all three', () => ({ contextId: room, uploader: ada.sub, type: 'image/' }), ["ada's picture in the room"]],
    ['all three, which nothing meets', () => ({ contextId: other, uploader: ada.sub, type: 'text/' }), []],
  ])('has what fits, page by page: %s', async (_, query, names) => {
    const expected = names.map((name) => named[name]);
    await expect.poll(() => ids(ada, query()), EVENTUALLY).toEqual(expected);
    expect(await walk(ada, query(), () => 1)).toEqual(expected);
  });
});

describe('the cursor of a list', () => {
  it('is of no use to others, for other lists, or when it was touched', async () => {
    const ada = await signIn();
    await sendSome(ada, 3);
    const query = { uploader: ada.sub, limit: '1' };
    const { nextCursor: cursor = '' } = await list(ada, query);
    expect((await list(ada, { ...query, cursor })).items).toHaveLength(1);
    const [position = '', signature = ''] = cursor.split('.');
    const others: [string, Person, Query][] = [
      ['another organization', await signIn(), {}],
      ['the same person elsewhere', await signIn({ sub: ada.sub }), {}],
      ['another person', await signIn({ org: ada.org }), {}],
      ['an admin', await signIn({ org: ada.org, role: 'admin' }), {}],
      ['another filter', ada, { uploader: newId('user') }],
      ['one filter more', ada, { type: 'text/' }],
      ['no character at the end', ada, { cursor: cursor.slice(0, -1) }],
      ['no character at the beginning', ada, { cursor: cursor.slice(1) }],
      ['another place', ada, { cursor: `A${cursor.slice(1)}` }],
      ['no signature', ada, { cursor: position }],
      ['nothing but a signature', ada, { cursor: `.${signature}` }],
      ['something behind it', ada, { cursor: `${cursor}A` }],
      ['nothing', ada, { cursor: '' }],
      ['something else', ada, { cursor: '2026-01-01T00:00:00.000Z' }],
      ['too much', ada, { cursor: 'A'.repeat(5000) }],
    ];
    for (const [name, { token }, changes] of others) {
      const address = `/attachments?${new URLSearchParams({ ...query, cursor, ...changes })}`;
      const refused = await api('GET', address, { token });
      expect(refused, name).toMatchObject({ status: 422, body: { code: 'invalid_request', field: 'cursor' } });
    }
    const withoutFilter = await api('GET', `/attachments?${new URLSearchParams({ cursor })}`, { token: ada.token });
    expect(withoutFilter).toMatchObject({ status: 422, body: { field: 'cursor' } });
  });
});
