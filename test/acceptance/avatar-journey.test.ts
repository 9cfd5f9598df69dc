import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { isUpright } from '../fixtures/scene.ts';
import {
  type AvatarInfo,
  api,
  deleteAvatar,
  download,
  image,
  info,
  requestTicket,
  SIZES,
  type Size,
  send,
  shownPicture,
  waitForEnd,
} from './client.ts';
import { newAgent, type Person, signIn } from './people.ts';
import { photo } from './test-pictures.ts';

async function expectNoPicture(person: Person, avatar: string): Promise<void> {
  const nothing = await info(person, avatar);
  expect(nothing).toMatchObject({ hasCustomAvatar: false, has_custom_avatar: false });
  expect(nothing).not.toHaveProperty('sizes');
  expect(nothing).not.toHaveProperty('thumbHash');
  const { status, contentType, bytes } = await download(nothing.avatarUrl);
  expect({ status, contentType }).toEqual({ status: 200, contentType: 'image/svg+xml' });
  expect(bytes.toString()).toMatch(/^<svg /);
  expect(await image(avatar, { fallback: '404' })).toMatchObject({ status: 404, body: { code: 'not_found' } });
}

async function expectSizes({ sizes }: AvatarInfo): Promise<void> {
  if (!sizes) throw new Error('no sizes');
  for (const [size, side] of Object.entries(SIZES)) {
    const described = sizes[size as Size];
    expect(described).toMatchObject({ width: side, height: side, contentType: 'image/webp' });
    const { status, contentType, bytes } = await download(described.url);
    expect({ status, contentType, length: bytes.length }).toEqual({
      status: 200,
      contentType: 'image/webp',
      length: described.bytes,
    });
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: side, height: side });
    expect(await isUpright(bytes)).toBe(true);
  }
}

describe.each(['users', 'agents'])('an avatar of %s', (entityType) => {
  it.each(['PUT', 'POST'] as const)(
    'goes from a %s ticket to three sizes for everyone, and away again',
    async (method) => {
      const ada = await signIn();
      const avatar = entityType === 'users' ? ada.avatar : await newAgent(ada);
      const { token } = ada;
      await expectNoPicture(ada, avatar);

      const picture = await photo();
      const ticket = await requestTicket(ada, picture, { avatar, method });
      expect(ticket).toMatchObject({ method, contentLength: picture.bytes.length });
      const pending = await api('GET', `/uploads/${ticket.uploadId}`, { token });
      expect(pending.body).toMatchObject({ kind: 'avatar', status: 'pending', expiresAt: ticket.expiresAt });
      expect(Number(pending.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await info(ada, avatar)).upload).toEqual({ uploadId: ticket.uploadId, status: 'pending' });

      expect(await send(ticket, picture.bytes)).toEqual({ status: method === 'PUT' ? 200 : 204 });
      const record = await waitForEnd(ada, ticket.uploadId);
      expect(record).toMatchObject({ status: 'ready' });
      const shown = await info(ada, avatar);
      expect(shown).toEqual(record.avatar);
      expect(shown).toMatchObject({
        entityType,
        entityId: avatar.split('/')[2],
        hasCustomAvatar: true,
        has_custom_avatar: true,
        avatar_url: shown.avatarUrl,
        thumbHash: expect.stringMatching(/^[A-Za-z0-9+/]{20,40}={0,2}$/),
        updatedAt: expect.any(String),
      });
      expect(shown).not.toHaveProperty('upload');
      await expectSizes(shown);
      expect(await shownPicture(avatar, 'medium')).toEqual((await download(shown.avatarUrl)).bytes);

      await deleteAvatar(ada, avatar);
      await expectNoPicture(ada, avatar);
      // A CDN takes a moment to forget what it showed.
      const published = expect.poll(async () => (await download(shown.avatarUrl)).status, { timeout: 60_000 });
      await published.toBeGreaterThanOrEqual(403);
      await deleteAvatar(ada, avatar);
    },
  );
});

describe('a waiting request', () => {
  it('is answered with the end of the upload that it was sent before', async () => {
    const ada = await signIn();
    const picture = await photo();
    const ticket = await requestTicket(ada, picture);
    const waiting = api('GET', `/uploads/${ticket.uploadId}?wait=20`, { token: ada.token });
    await send(ticket, picture.bytes);
    const { body, headers } = await waiting;
    expect(body).toMatchObject({ status: 'ready' });
    expect(headers.has('retry-after')).toBe(false);
  });
});
