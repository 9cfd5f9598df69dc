import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { download, image, SIZES, type Size, upload } from './client.ts';
import { newId } from './people.ts';
import { personWithAvatar, plainPng, RED, scenePng } from './test-pictures.ts';

const CACHED = 'public, max-age=60';
const nobody = () => `/users/${newId('user')}`;

describe('the image address of an avatar', async () => {
  const { avatar } = await personWithAvatar(await scenePng());

  it('leads to the medium WebP', async () => {
    const { status, headers, url } = await image(avatar);
    expect(status).toBe(302);
    expect(headers.get('cache-control')).toBe(CACHED);
    const { bytes, contentType } = await download(new URL(headers.get('location') ?? '', url));
    expect(contentType).toBe('image/webp');
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: SIZES.medium });
  });

  it.each(Object.keys(SIZES) as Size[])('leads to the %s picture in either format', async (size) => {
    for (const [format, contentType] of [
      ['webp', 'image/webp'],
      ['jpg', 'image/jpeg'],
    ] as const) {
      const { headers, url } = await image(avatar, { size, format });
      const shown = await download(new URL(headers.get('location') ?? '', url));
      expect(shown).toMatchObject({ status: 200, contentType });
      expect(await sharp(shown.bytes).metadata()).toMatchObject({ width: SIZES[size], height: SIZES[size] });
    }
  });

  it('leads somewhere else once the picture was replaced, so that no cache shows the old one', async () => {
    const person = await personWithAvatar(await scenePng());
    const before = (await image(person.avatar)).headers.get('location');
    await upload(person, await plainPng(RED));
    expect((await image(person.avatar)).headers.get('location')).not.toBe(before);
  });

  it.each([
    ['size', 'huge'],
    ['format', 'png'],
    ['fallback', 'none'],
    ['name', 'n'.repeat(65)],
    ['v', 'v'.repeat(65)],
    ['width', '100'],
  ])('refuses the %s "%s"', async (field, value) => {
    const refused = await image(avatar, { [field]: value });
    expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request', field } });
  });
});

describe('the image address of an avatar without a picture', () => {
  it('draws one that runs nothing and is cached as long', async () => {
    for (const fallback of ['identicon', 'initials']) {
      const { status, headers, body } = await image(nobody(), { fallback });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toMatch(/^image\/svg\+xml/);
      expect(headers.get('cache-control')).toBe(CACHED);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*\bsandbox\b/);
      expect(body).toMatch(/^<svg .*<\/svg>$/s);
    }
  });

  it('always draws the same one for the same id, and another one for another', async () => {
    const [one, other] = [nobody(), nobody()];
    expect((await image(one)).body).toBe((await image(one)).body);
    expect((await image(one)).body).not.toBe((await image(other)).body);
    const agent = one.replace('/users/', '/agents/');
    expect((await image(one)).body).not.toBe((await image(agent)).body);
  });

  it('draws it in the size that was asked for', async () => {
    for (const [size, side] of Object.entries(SIZES)) {
      const { body } = await image(nobody(), { size });
      expect(await sharp(Buffer.from(body as string)).metadata()).toMatchObject({ width: side, height: side });
    }
  });

  it('writes the initials of the name', async () => {
    const { body } = await image(nobody(), { fallback: 'initials', name: 'Ada Lovelace' });
    expect(body).toMatch(/>AL</);
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '<> <>',
    '&lt; &amp;',
    "' onload='alert(1)",
    '\u202e\ud800 \0',
  ])('lets nothing of the name out of the letters it draws: %j', async (name) => {
    const { status, body } = await image(nobody(), { fallback: 'initials', name });
    expect(status).toBe(200);
    expect(body).not.toMatch(/<script|<img|onerror|onload|alert|<>/);
    // Well-formed: a parser reads it to its end.
    expect(await sharp(Buffer.from(body as string)).metadata()).toMatchObject({ format: 'svg' });
  });

  it('is not found when that was asked for', async () => {
    const missing = await image(nobody(), { fallback: '404' });
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
