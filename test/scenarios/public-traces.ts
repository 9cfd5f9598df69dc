import { describe, expect, it } from 'vitest';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import { type Client, clientOf } from './client.ts';
import { plainPicture } from './plain-pictures.ts';
import { drain } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** What anyone can see of an avatar says nothing about its past. */
export function describePublicTraces(openAdapters: OpenAdapters): void {
  describe('a public thumbnail', () => {
    it('has the same bytes and headers however often its owner changed or deleted the avatar before', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const bob = clientOf(world, { sub: 'bob' });
      for (let times = 0; times < 3; times += 1) {
        await ada.send(await plainPicture('red'));
        await drain(world);
        await ada.delete();
        await drain(world);
      }
      await ada.send(await plainPicture('blue'));
      await bob.send(await plainPicture('blue'));
      await drain(world);
      const thumbnails = await thumbnailsOf(world, ada);
      expect(thumbnails).toHaveLength(6);
      expect(thumbnails).toEqual(await thumbnailsOf(world, bob));
    });

    it('has a URL that names its avatar, the upload that wrote it and the file, and no number', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await ada.send(await plainPicture('red'));
      const { uploadId } = await ada.send(await plainPicture('blue'));
      await drain(world);
      const { headers } = await ada.request('GET', '/users/ada/avatar?size=small&format=jpg');
      expect(new URL(String(headers.location)).pathname).toMatch(
        new RegExp(`/avatars/users/ada/${uploadId}/small.jpg$`),
      );
      const { body } = await ada.request('GET', '/users/ada/avatar/info');
      const { search } = new URL(String(body.avatarUrl));
      expect(Object.fromEntries(new URLSearchParams(search))).toEqual({
        size: 'medium',
        format: 'webp',
        v: uploadId,
        fallback: '404',
      });
    });
  });
}

/** The published thumbnails, each with all that a response says about it. */
async function thumbnailsOf({ storage }: World, { avatar }: Client): Promise<unknown[]> {
  const { files } = await storage.listFiles({ prefix: `avatars/users/${avatar.entityId}/` });
  const keys = files.map(({ key }) => key).filter((key) => !key.includes('original'));
  return Promise.all(
    keys.map(async (key) => {
      const file = await storage.downloadFile({ key });
      const { contentType, cacheControl, contentDisposition, metadata } = file.info;
      const name = key.slice(key.lastIndexOf('/') + 1);
      const bytes = (await readWhole(file)).toString('base64');
      return { name, bytes, contentType, cacheControl, contentDisposition, metadata };
    }),
  );
}
