import { describe, expect, it } from 'vitest';
import { type Attachment, attach, changeAttachment, getAttachment, locationOf, open, text } from './attachments.ts';
import { api } from './client.ts';
import { changed, contentOf, linkTo, urlsOf } from './links.ts';
import { newId, signIn } from './people.ts';
import { plainPng, RED } from './test-pictures.ts';

const WINDOW_SECONDS = 30 * 60;
const WEEK_SECONDS = 7 * 24 * 3600;
/** By which the target's clock may differ from the one here. */
const CLOCK_SECONDS = 60;

/** What is done between two turns of the half hour. At a turn every link changes, so then it is done again. */
async function withinOneWindow<T>(task: () => Promise<T>): Promise<T> {
  const window = () => Math.floor(Date.now() / 1000 / WINDOW_SECONDS);
  for (;;) {
    const before = window();
    const result = await task();
    if (window() === before) return result;
  }
}

/** Seconds that a browser keeps an answer for. */
function maxAgeOf(headers: Headers): number {
  return Number(/^private, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '')?.[1]);
}

/** Refused in the words for an id that never was, so that nobody learns whether there is something. */
async function requireUnknown(link: URL | string): Promise<void> {
  const [refused, unknown] = [
    await api('GET', new URL(link)),
    await api('GET', `/public/attachments/${newId('file')}`),
  ];
  expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found', requestId: expect.any(String) } });
  expect(refused.status).toBe(404);
  expect({ ...(refused.body as object), requestId: '' }).toEqual({ ...(unknown.body as object), requestId: '' });
  expect(refused.headers.get('cache-control')).toBe(unknown.headers.get('cache-control'));
}

describe('a link to private bytes', () => {
  it('stays the same, and so does where it leads, so that a browser fetches the bytes once', async () => {
    const ada = await signIn();
    const bob = await signIn({ org: ada.org });
    const { id } = await attach(ada, await plainPng(RED));
    const [first, second, others, led, asked] = await withinOneWindow(async () => [
      (await getAttachment(ada, id)).body as Attachment,
      (await getAttachment(ada, id)).body as Attachment,
      (await getAttachment(bob, id)).body as Attachment,
      await contentOf(ada, id),
      await linkTo(ada, id),
    ]);
    expect([second, others]).toEqual([first, first]);
    expect(led).toBe(first.contentUrl);
    expect(asked).toMatchObject({ url: first.contentUrl, previewUrl: first.preview?.url });
    for (const link of [first.contentUrl, `${first.preview?.url}`]) {
      const leadsTo = async () => (await locationOf(link)).href;
      const [once, twice] = await withinOneWindow(async () => [await leadsTo(), await leadsTo()]);
      expect(twice).toBe(once);
    }
  });

  it('is kept until the turn of the half hour, and the bytes behind it for one', async () => {
    const { contentUrl } = await attach(await signIn(), text(), { visibility: 'private' });
    const redirect = await api('GET', new URL(contentUrl));
    expect(redirect).toMatchObject({ status: 302 });
    expect(redirect.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const maxAge = maxAgeOf(redirect.headers);
    expect(maxAge).toBeLessThanOrEqual(WINDOW_SECONDS);
    const windows = (Date.now() / 1000 + maxAge) / WINDOW_SECONDS;
    expect(Math.abs(windows - Math.round(windows)) * WINDOW_SECONDS).toBeLessThan(CLOCK_SECONDS);
    expect(maxAgeOf((await open(contentUrl)).headers)).toBe(WINDOW_SECONDS);
  });

  it.each<[string, string, string | undefined]>([
    ['another variant', 'variant', 'preview'],
    ['another disposition', 'disp', 'attachment'],
    ['a later end', 'exp', `${Math.ceil(Date.now() / 1000) + WEEK_SECONDS}`],
    ['an end that is past', 'exp', '1'],
    ['an end that is no time', 'exp', 'never'],
    ['no end', 'exp', undefined],
    ['another signature', 'sig', 'x'.repeat(43)],
    ['an empty signature', 'sig', ''],
    ['no signature', 'sig', undefined],
  ])('with %s is answered as if there were nothing', async (_, name, value) => {
    const { contentUrl } = await attach(await signIn(), await plainPng(RED), { visibility: 'private' });
    await requireUnknown(changed(contentUrl, name, value));
  });

  it('is good for no other file, nor its preview for the file itself', async () => {
    const ada = await signIn();
    const [one, other] = [await attach(ada, await plainPng(RED)), await attach(ada, await plainPng(RED))];
    await requireUnknown(one.contentUrl.replace(one.id, other.id));
    await requireUnknown(changed(`${one.preview?.url}`, 'variant', 'content'));
    const signature = new URL(one.contentUrl).searchParams.get('sig') ?? '';
    for (const sig of [signature.slice(0, -1), `${signature}A`, signature.toLowerCase()]) {
      await requireUnknown(changed(one.contentUrl, 'sig', sig));
    }
  });
});

describe('links to many attachments', () => {
  it('live as long as was asked for, up to a week', async () => {
    const ada = await signIn();
    const { id, contentUrl } = await attach(ada, text(), { visibility: 'private' });
    for (const expiresIn of [1, WINDOW_SECONDS, WEEK_SECONDS]) {
      const { url, expiresAt = '' } = await linkTo(ada, id, { expiresIn });
      const lives = (Date.parse(expiresAt) - Date.now()) / 1000;
      expect(lives).toBeGreaterThan(expiresIn - CLOCK_SECONDS);
      expect(lives).toBeLessThan(expiresIn + 2 * WINDOW_SECONDS + CLOCK_SECONDS);
      expect(new URL(url).searchParams.get('exp')).toBe(`${Date.parse(expiresAt) / 1000}`);
      expect(await (await open(url)).text()).toBe('hello');
    }
    expect(await (await open(contentUrl)).text()).toBe('hello');
  });

  it('come for each id, in their order, with what there is nothing for in its place', async () => {
    const ada = await signIn();
    const [letter, picture] = [await attach(ada, text()), await attach(ada, await plainPng(RED))];
    const ids = ['never', picture.id, 'x'.repeat(128), letter.id, picture.id];
    const { body } = await urlsOf(ada, { ids });
    const nothing = (id: string) => ({ id, code: 'not_found' });
    const link = { url: expect.any(String), expiresAt: expect.any(String) };
    const both = { id: picture.id, ...link, previewUrl: expect.any(String) };
    expect(body).toEqual({
      items: [nothing('never'), both, nothing('x'.repeat(128)), { id: letter.id, ...link }, both],
    });
  });

  it('to a public file last as long as it is public, and end like others if that is asked for', async () => {
    const ada = await signIn();
    const { id } = await attach(ada, text(), { visibility: 'public' });
    const lasting = await linkTo(ada, id);
    expect(lasting).not.toHaveProperty('expiresAt');
    expect(new URL(lasting.url).searchParams.has('sig')).toBe(false);
    const ending = await linkTo(ada, id, { expiresIn: WEEK_SECONDS });
    expect(ending).toHaveProperty('expiresAt');
    for (const { url } of [lasting, ending]) expect(await (await open(url)).text()).toBe('hello');
  });

  it.each([
    ['a second more than a week', { expiresIn: WEEK_SECONDS + 1 }, 'expiresIn'],
    ['no time', { expiresIn: 0 }, 'expiresIn'],
    ['half a second', { expiresIn: 0.5 }, 'expiresIn'],
    ['a way to show them that there is not', { disposition: 'preview' }, 'disposition'],
    ['no id', { ids: [] }, 'ids'],
    ['more than a hundred ids', { ids: Array(101).fill('never') }, 'ids'],
  ])('are refused for %s', async (_, wish, field) => {
    const refused = await urlsOf(await signIn(), { ids: ['never'], ...wish });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', field, accepted: expect.stringMatching(/./) },
    });
  });
});

describe('a public attachment', () => {
  it('has an address that is looked up each time, and is gone at once when it is made private', async () => {
    const ada = await signIn();
    const { id, contentUrl, preview } = await attach(ada, await plainPng(RED), { visibility: 'public' });
    const bare = new URL(contentUrl);
    bare.search = '';
    const addresses = [bare.href, contentUrl, `${preview?.url}`];
    for (const address of addresses) {
      const redirect = await api('GET', new URL(address));
      expect(redirect).toMatchObject({ status: 302 });
      expect(redirect.headers.get('cache-control')).toBe('no-cache');
      expect(maxAgeOf((await open(address)).headers)).toBe(WINDOW_SECONDS);
    }
    expect(await changeAttachment(ada, id, { visibility: 'private' })).toMatchObject({ status: 200 });
    for (const address of addresses) await requireUnknown(address);
  });

  it('that has no preview is answered so by the address of one', async () => {
    const { contentUrl } = await attach(await signIn(), text(), { visibility: 'public' });
    await requireUnknown(changed(contentUrl, 'variant', 'preview'));
  });
});
