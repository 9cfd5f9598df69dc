import { describe, expect, it } from 'vitest';
import {
  type Attachment,
  attach,
  changeAttachment,
  deleteAttachment,
  getAttachment,
  list,
  open,
  text,
  usage,
} from './attachments.ts';
import { api } from './client.ts';
import { newId, type Person, signIn } from './people.ts';
import { plainPng, RED } from './test-pictures.ts';

/** Lists of a deployed service follow after a moment. */
const EVENTUALLY = { timeout: 20_000 };

describe('a change of an attachment', () => {
  it('renames it, replaces its metadata whole, and counts its revision up', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text(), { metadata: { a: '1', b: '2' } });
    const changed = await changeAttachment(ada, id, { filename: 'dir/née.txt', metadata: { c: '3' } });
    expect(changed).toMatchObject({ status: 200, body: { filename: 'née.txt', metadata: { c: '3' }, revision: 2 } });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect((await getAttachment(ada, id)).body).toEqual(changed.body);
    const cleared = await changeAttachment(ada, id, { metadata: {} });
    expect(cleared).toMatchObject({ status: 200, body: { filename: 'née.txt', metadata: {}, revision: 3 } });
  });

  it('of its name holds for links that were handed out', async () => {
    const ada = await signIn();
    const { id, contentUrl } = await attach(ada, text(), { filename: 'draft.txt' });
    await changeAttachment(ada, id, { filename: 'final.txt' });
    expect((await open(contentUrl)).headers.get('content-disposition')).toMatch(/filename="?final\.txt/);
  });

  it('is refused when somebody else was faster, and says what stands there', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text());
    const seen = (await getAttachment(ada, id)).headers.get('etag') ?? '';
    const race = ['a', 'b', 'c'].map((filename) => changeAttachment(ada, id, { filename }, { 'if-match': seen }));
    const answers = await Promise.all(race);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const refused = await changeAttachment(ada, id, { filename: 'd' }, { 'if-match': seen });
    expect(refused).toMatchObject({ status: 412, body: { code: 'revision_differs', revision: 2, accepted: '"2"' } });
    expect(await changeAttachment(ada, id, { filename: 'd' }, { 'if-match': '*' })).toMatchObject({ status: 200 });
    const malformed = await changeAttachment(ada, id, { filename: 'd' }, { 'if-match': 'W/"2"' });
    expect(malformed).toMatchObject({ status: 422, body: { field: 'If-Match' } });
    await deleteAttachment(ada, id);
    expect(await changeAttachment(ada, id, { filename: 'e' }, { 'if-match': '"1"' })).toMatchObject({ status: 404 });
  });

  it('counts, also when ten come at once, and the last one stays', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text());
    const race = Array.from({ length: 10 }, (_, at) => changeAttachment(ada, id, { metadata: { at: `${at}` } }));
    const answers = await Promise.all(race);
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const changed = answers.map(({ body }) => body as Attachment).sort((a, b) => a.revision - b.revision);
    expect(changed.map(({ revision }) => revision)).toEqual(Array.from({ length: 10 }, (_, at) => at + 2));
    expect((await getAttachment(ada, id)).body).toMatchObject({ metadata: changed.at(-1)?.metadata });
  });

  it.each([
    ['nothing', {}],
    ['what was sent into a draft', { draft: true }],
    ['what is not its uploader’s to say', { contentType: 'text/html' }],
    ['what it belongs to', { contextId: 'chat' }],
    ['whether its metadata is kept', { keepMetadata: true }],
    ['its name to none', { filename: '' }],
    ['the visibility to what is none', { visibility: 'everyone' }],
    ['the metadata to more than there is room for', { metadata: { a: 'x'.repeat(2048) } }],
  ])('cannot change %s', async (_, json) => {
    const ada = await signIn();
    const { id } = await attach(ada, text());
    expect(await changeAttachment(ada, id, json)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    expect((await getAttachment(ada, id)).body).toMatchObject({ revision: 1 });
  });

  it('of who sees it holds at once, for links that were handed out too', async () => {
    const ada = await signIn();
    const { id, contentUrl: link } = await attach(ada, text());
    expect(await api('GET', new URL(link))).toMatchObject({ status: 302 });
    const open = await changeAttachment(ada, id, { visibility: 'public' });
    const { contentUrl: address } = open.body as { contentUrl: string };
    expect(new URL(address).searchParams.has('sig')).toBe(false);
    const answer = await api('GET', new URL(address));
    expect(answer).toMatchObject({ status: 302 });
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    await changeAttachment(ada, id, { visibility: 'private' });
    for (const old of [link, address]) expect(await api('GET', new URL(old)), old).toMatchObject({ status: 404 });
  });

  it.each([
    ['organization', 'private'],
    ['organization', 'public'],
    ['private', 'organization'],
    ['private', 'public'],
    ['public', 'organization'],
    ['public', 'private'],
  ] as const)('from %s to %s ends every link that was made before, however long it was to live', async (from, to) => {
    const ada = await signIn();
    const { id, preview } = await attach(ada, await plainPng(RED), { visibility: from });
    const [asked] = await linksTo(ada, id);
    const links = [asked?.url, asked?.previewUrl, ...(from === 'public' ? [] : [preview?.url])].map(
      (link) => `${link}`,
    );
    for (const link of links) expect(await api('GET', new URL(link)), link).toMatchObject({ status: 302 });
    await changeAttachment(ada, id, { visibility: to });
    // What is open for all needs no signature: there a link whose signature is void still leads to the bytes.
    const then = to === 'public' ? 302 : 404;
    for (const link of links) expect(await api('GET', new URL(link)), link).toMatchObject({ status: then });
    const [renewed] = await linksTo(ada, id);
    expect(await api('GET', new URL(`${renewed?.url}`))).toMatchObject({ status: 302 });
  });

  it('ends every link when it is deleted', async () => {
    const ada = await signIn();
    const { id, contentUrl, preview } = await attach(ada, await plainPng(RED));
    const [asked] = await linksTo(ada, id);
    await deleteAttachment(ada, id);
    for (const link of [contentUrl, preview?.url, asked?.url, asked?.previewUrl]) {
      expect(await api('GET', new URL(`${link}`)), link).toMatchObject({ status: 404 });
    }
  });
});

/** Links to content and preview that live as long as they can. */
async function linksTo({ token }: Person, id: string): Promise<{ url: string; previewUrl: string }[]> {
  const json = { ids: [id], expiresIn: 7 * 24 * 3600 };
  const { body } = await api('POST', '/attachments/urls', { token, json });
  return (body as { items: { url: string; previewUrl: string }[] }).items;
}

describe('a draft', () => {
  it('is its uploader’s alone until it is claimed', async () => {
    const ada = await signIn();
    const bob = await signIn({ org: ada.org, role: 'admin' });
    const { id, contentUrl } = await attach(ada, text(), { draft: true, visibility: 'public' });
    expect((await getAttachment(bob, id)).status).toBe(404);
    expect(await api('GET', new URL(contentUrl))).toMatchObject({ status: 302 });
    expect(await api('GET', `/public/attachments/${id}`)).toMatchObject({ status: 404 });
    expect((await list(ada)).items).toEqual([]);
    expect(await changeAttachment(ada, id, { draft: false })).toMatchObject({ status: 200, body: { draft: false } });
    expect((await getAttachment(bob, id)).status).toBe(200);
    await expect.poll(async () => (await list(bob)).items.map((one) => one.id), EVENTUALLY).toEqual([id]);
    expect(await api('GET', `/public/attachments/${id}`)).toMatchObject({ status: 302 });
  });

  it('is claimed once, when two windows claim it at the same moment, and can be claimed again', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text(), { draft: true });
    const seen = { 'if-match': '"1"' };
    const race = [1, 2].map(() => changeAttachment(ada, id, { draft: false, filename: 'sent' }, seen));
    expect((await Promise.all(race)).map(({ status }) => status).sort()).toEqual([200, 412]);
    expect(await changeAttachment(ada, id, { draft: false })).toMatchObject({ status: 200, body: { draft: false } });
  });
});

describe('deleting many attachments', () => {
  it('has a result for each id, in their order', async () => {
    const ada = await signIn();
    const bob = await signIn({ org: ada.org });
    const mine = await attach(ada, text());
    const draft = await attach(ada, text(), { draft: true });
    const gone = await attach(ada, text());
    await deleteAttachment(ada, gone.id);
    const his = await attach(bob, text());
    const secret = await attach(bob, text(), { visibility: 'private' });
    const hisDraft = await attach(bob, text(), { draft: true });
    const ids = [mine.id, his.id, secret.id, 'never', hisDraft.id, mine.id, gone.id, draft.id, his.id, newId('file')];
    const answer = await api('POST', '/attachments/delete', { token: ada.token, json: { ids } });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      items: [
        { id: mine.id, deleted: true },
        { id: his.id, code: 'forbidden' },
        { id: secret.id, code: 'not_found' },
        { id: 'never', code: 'not_found' },
        { id: hisDraft.id, code: 'not_found' },
        { id: mine.id, deleted: true },
        { id: gone.id, code: 'not_found' },
        { id: draft.id, deleted: true },
        { id: his.id, code: 'forbidden' },
        { id: ids[9], code: 'not_found' },
      ],
    });
    for (const { id } of [mine, draft]) expect((await getAttachment(ada, id)).status).toBe(404);
    for (const { id } of [his, secret, hisDraft]) expect((await getAttachment(bob, id)).status).toBe(200);
    expect(await usage(ada)).toMatchObject({ bytesUsed: 3 * text().bytes.length, filesUsed: 3 });
  });

  it('says the same of an id however often it is asked for in a hundred, and frees its room once', async () => {
    const ada = await signIn();
    const [one, kept] = [await attach(ada, text()), await attach(ada, text())];
    const ids = Array<string>(100).fill(one.id);
    const { body } = await api('POST', '/attachments/delete', { token: ada.token, json: { ids } });
    expect(body).toEqual({ items: ids.map((id) => ({ id, deleted: true })) });
    expect(await usage(ada)).toMatchObject({ bytesUsed: kept.size, filesUsed: 1 });
  });

  it('is refused for none, for more than a hundred, and for what is no list', async () => {
    const { token } = await signIn();
    for (const ids of [[], Array<string>(101).fill('x'), 'x']) {
      const refused = await api('POST', '/attachments/delete', { token, json: { ids } });
      expect(refused).toMatchObject({ status: 422, body: { field: 'ids' } });
    }
  });
});
