import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinkKeys, sign } from '../../shared/access/link-secret.ts';
import {
  type ContentLinkInput,
  type ContentLinkRequest,
  contentLink,
  contentRedirect,
  isValidLink,
} from '../../shared/attachments/content-link.ts';
import type { Visibility } from '../../shared/metadata/records.ts';
import { MAX_LINK_SECONDS } from '../../shared/storage/link-window.ts';
import { storageKeyOf } from '../../shared/storage/object-keys.ts';
import { createS3UrlSigner } from '../../shared/storage/s3/s3-url-signer.ts';
import { s3Options } from '../storage/s3/faulty-s3.ts';

const at = (time: string) => new Date(`2026-01-02T${time}Z`);
const only = (key: Uint8Array): LinkKeys => ({ signing: key, accepted: [key] });

const key = randomBytes(32);
const wish: ContentLinkInput = {
  apiUrl: 'https://files.example.com/api/v1',
  keys: only(key),
  fileId: 'f-1',
  visibility: 'organization',
  variant: 'content',
  disposition: 'attachment',
  now: at('03:10:00'),
};

/** The request that a browser makes of a link, as the route reads it, a quarter of an hour later. */
function requestOf(url: string, changes: Partial<ContentLinkRequest> = {}): ContentLinkRequest {
  const { pathname, searchParams } = new URL(url);
  return {
    keys: wish.keys,
    visibility: wish.visibility,
    fileId: decodeURIComponent(pathname.split('/').at(-1) ?? ''),
    variant: searchParams.get('variant') as ContentLinkRequest['variant'],
    disposition: searchParams.get('disp') as ContentLinkRequest['disposition'],
    exp: searchParams.get('exp') ?? undefined,
    sig: searchParams.get('sig') ?? undefined,
    now: at('03:25:00'),
    ...changes,
  };
}

const { url } = contentLink(wish);
const open = (changes: Partial<ContentLinkRequest>) => isValidLink(requestOf(url, changes));

describe('a link to the bytes of an attachment', () => {
  it('is an address of the public route with all that is signed', () => {
    expect(url).toMatch(
      /^https:\/\/files\.example\.com\/api\/v1\/public\/attachments\/f-1\?variant=content&exp=1767326400&disp=attachment&sig=[\w-]{43}$/,
    );
    expect(contentLink(wish).expiresAt).toEqual(at('04:00:00'));
  });

  it('opens what it was made for', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }).filter((id) => !/^\.{1,2}$/.test(id)), // a folder in an address
        fc.constantFrom('content', 'preview'),
        fc.constantFrom('attachment', 'inline'),
        (fileId, variant, disposition) => {
          const link = contentLink({ ...wish, fileId, variant, disposition });
          expect(isValidLink(requestOf(link.url))).toBe(true);
        },
      ),
    );
  });

  it.each<[string, Partial<ContentLinkRequest>]>([
    ['another file', { fileId: 'f-2' }],
    ['another variant', { variant: 'preview' }],
    ['another disposition', { disposition: 'inline' }],
    ['a later end', { exp: '1767326401' }],
    ['the same end written differently', { exp: '01767326400' }],
    ['the same end in another number', { exp: '1767326400.0' }],
    ['no end', { exp: undefined }],
    ['an empty end', { exp: '' }],
    ['an end that is no time', { exp: 'NaN' }],
    ['no signature', { sig: undefined }],
    ['an empty signature', { sig: '' }],
    ['a signature of the right length', { sig: 'A'.repeat(43) }],
    ['a signature with a half of a pair', { sig: `${'A'.repeat(42)}\ud800` }],
    ['a long signature', { sig: 'A'.repeat(10_000) }],
    ['the keys of another service', { keys: only(randomBytes(32)) }],
  ])('opens nothing with %s', (_what, changes) => {
    expect(open(changes)).toBe(false);
  });

  it.each<Visibility>(['public', 'private'])('is dead once the file is made %s', (visibility) => {
    expect(open({})).toBe(true);
    expect(open({ visibility })).toBe(false);
  });

  it('is no link any more when one character of its signature is another', () => {
    const { sig = '' } = requestOf(url);
    const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
    for (let position = 0; position < sig.length; position += 1) {
      const others = characters.filter((character) => character !== sig[position]);
      const altered = others.map((other) => sig.slice(0, position) + other + sig.slice(position + 1));
      expect(altered.filter((one) => open({ sig: one }))).toEqual([]);
    }
  });

  it('does not open with parts that move into each other', () => {
    const { url: other } = contentLink({ ...wish, fileId: 'f-1","private', visibility: 'public' });
    const visibility = 'private","public' as Visibility;
    expect(isValidLink(requestOf(other, { visibility: 'public' }))).toBe(true);
    expect(isValidLink(requestOf(other, { fileId: 'f-1', visibility }))).toBe(false);
  });

  it('cannot be made of a signature for something else', () => {
    const { fileId, visibility, variant, disposition } = wish;
    const exp = '1767326400';
    const parts = [fileId, visibility, variant, disposition, exp];
    expect(open({ sig: sign(wish.keys, 'content-link', parts) })).toBe(true);
    expect(open({ sig: sign(wish.keys, 'list-cursor', parts) })).toBe(false);
  });

  it('works until its last moment', () => {
    expect(open({ now: at('03:59:59.999') })).toBe(true);
    expect(open({ now: at('04:00:00') })).toBe(false);
  });

  it('is the same from every maker at every time of a window, for any life', () => {
    fc.assert(
      fc.property(
        fc.nat(1_800_000 - 1),
        fc.nat(1_800_000 - 1),
        fc.option(fc.integer({ min: 1, max: MAX_LINK_SECONDS }), { nil: undefined }),
        (early, late, life) => {
          const make = (milliseconds: number) =>
            contentLink({
              ...wish,
              keys: only(Uint8Array.from(key)),
              now: new Date(at('03:00:00').getTime() + milliseconds),
              ...(life !== undefined && { lifetimeSeconds: life }),
            });
          expect(make(late)).toEqual(make(early));
        },
      ),
    );
  });

  it('is another one in the next window', () => {
    expect(contentLink({ ...wish, now: at('03:29:59.999') }).url).toBe(url);
    expect(contentLink({ ...wish, now: at('03:30:00') }).url).not.toBe(url);
  });

  it('lives for a week if that is asked for', () => {
    const week = contentLink({ ...wish, lifetimeSeconds: MAX_LINK_SECONDS });
    expect(week.expiresAt).toEqual(new Date('2026-01-09T03:30:00Z'));
    expect(isValidLink(requestOf(week.url, { now: new Date('2026-01-09T03:29:59Z') }))).toBe(true);
  });

  it.each([0, -1, MAX_LINK_SECONDS + 1, Number.NaN])('cannot live for %d seconds', (lifetimeSeconds) => {
    expect(() => contentLink({ ...wish, lifetimeSeconds })).toThrow(RangeError);
  });

  it('outlives a rotation of the secret, and not a second one', () => {
    const [second, third] = [randomBytes(32), randomBytes(32)];
    expect(open({ keys: { signing: second, accepted: [second, key] } })).toBe(true);
    expect(open({ keys: { signing: third, accepted: [third, second] } })).toBe(false);
  });

  it('opens where the new secret is known but signs nothing yet', () => {
    const next = randomBytes(32);
    const early = contentLink({ ...wish, keys: only(next) });
    expect(isValidLink(requestOf(early.url, { keys: { signing: key, accepted: [next, key] } }))).toBe(true);
  });
});

describe('the redirect to the bytes', () => {
  it.each([
    ['03:00:00.000', 1800],
    ['03:10:00.500', 1199],
    ['03:29:59.500', 0],
  ])('of a link is kept until the window ends: at %s for %d seconds', (now, seconds) => {
    expect(contentRedirect(at(now), 'link').cacheControl).toBe(`private, max-age=${seconds}`);
  });

  it('of a public file is asked for again each time, so that nobody keeps a file that is no longer public', () => {
    expect(contentRedirect(at('03:10:00'), 'public').cacheControl).toBe('no-cache');
  });

  it('never outlives the link', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 * 3_600_000 }), fc.nat(4 * 3_600_000), (made, later) => {
        const start = at('03:00:00').getTime();
        const { expiresAt } = contentLink({ ...wish, now: new Date(start + made) });
        const now = new Date(start + made + later);
        fc.pre(now < expiresAt);
        const [, seconds] = /^private, max-age=(\d+)$/.exec(contentRedirect(now, 'link').cacheControl) ?? [];
        expect(now.getTime() + Number(seconds) * 1000).toBeLessThanOrEqual(expiresAt.getTime());
      }),
    );
  });

  it('goes to an address that works for a minute at least, and a minute after the window at most', () => {
    const { address } = contentRedirect(at('03:29:59.999'), 'link');
    expect(address).toMatchObject({ signedAt: at('03:00:00'), expiresAt: at('03:31:00') });
  });

  it('goes to the same address through the whole window, and its bytes are kept as long', async () => {
    const signer = () => createS3UrlSigner(s3Options());
    const addressAt = (now: Date, by: 'link' | 'public') =>
      signer().getFileUrl({
        key: storageKeyOf('attachments/2026/01/f-1.png'),
        access: 'signed',
        ...contentRedirect(now, by).address,
      });
    const first = await addressAt(at('03:00:00'), 'link');
    expect(new URL(first).searchParams.get('response-cache-control')).toBe('private, max-age=1800');
    expect(await addressAt(at('03:29:59.999'), 'link')).toBe(first);
    expect(await addressAt(at('03:12:34'), 'public')).toBe(first);
    expect(await addressAt(at('03:30:00'), 'link')).not.toBe(first);
  });
});
