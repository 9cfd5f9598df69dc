import { describe, expect, it } from 'vitest';
import {
  THUMBNAIL_FORMATS,
  THUMBNAIL_SIZES,
  type ThumbnailFormat,
  type ThumbnailSize,
} from '../../shared/images/formats.ts';
import { instantAfter, type ThumbnailBytes } from '../../shared/metadata/records.ts';
import { type StorageKey, storageKeyOf, thumbnailKey } from '../../shared/storage/object-keys.ts';
import { type Client, clientOf } from './client.ts';
import { objectsOf, servedKey, shownTo, usageOf } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** Thumbnails of the old system: of each size and format, the file is stored or is not. */
type Stored = readonly `${ThumbnailSize}.${ThumbnailFormat}`[];

/** An avatar whose files are stored without a folder, and not in every size: it is served from where it is. */
export function describeAdopted(openAdapters: OpenAdapters): void {
  describe('an adopted avatar', () => {
    it.each<[ThumbnailSize, Stored[number], Stored]>([
      ['medium', 'medium.webp', ['small.webp', 'medium.webp', 'large.webp']],
      ['medium', 'large.webp', ['small.webp', 'large.webp']],
      ['large', 'small.webp', ['small.webp']],
      ['small', 'medium.jpg', ['medium.jpg', 'large.jpg']],
      ['large', 'small.webp', ['small.webp', 'large.jpg']],
    ])('asked for %s.webp is served with %s of %j', async (size, served, stored) => {
      const { world, ada } = await withAdopted(openAdapters, stored);
      const reply = await ada.request('GET', `/users/ada/avatar?size=${size}&fallback=404`);
      expect(reply.status).toBe(302);
      expect(String(reply.headers.location)).toContain(`avatars/users/ada/${served}`);

      const { body } = await ada.request('GET', '/users/ada/avatar/info');
      const [name, format] = parsed(served);
      expect(body.sizes).toMatchObject({
        [size]: { width: THUMBNAIL_SIZES[name], bytes: BYTES, contentType: THUMBNAIL_FORMATS[format] },
      });
      expect(await shownTo(world, ada)).toBe('red');
    });

    it('has no original to crop', async () => {
      const { ada } = await withAdopted(openAdapters, ['small.webp']);
      expect(await ada.crop({ x: 0, y: 0, size: 0.5 })).toMatchObject({ status: 404 });
    });

    it('is replaced in a folder; a day later the files that its record named are removed, and no others', async () => {
      const { world, ada } = await withAdopted(openAdapters, ['small.webp', 'medium.jpg']);
      const { uploadId, event } = await ada.send(await plainPicture('green'));
      await world.deliver(event);
      expect(await servedKey(world, ada)).toBe(`avatars/users/ada/${uploadId}/medium.webp`);
      expect(await keysWithoutFolder(world)).toEqual([UNNAMED, named('medium.jpg'), named('small.webp')]);
      await settle(world);
      expect(await keysWithoutFolder(world)).toEqual([UNNAMED]);
      expect(await shownTo(world, ada)).toBe('green');
    });

    it('is deleted with the files that its record named, and no others', async () => {
      const { world, ada } = await withAdopted(openAdapters, ['small.webp', 'medium.jpg']);
      await ada.delete();
      expect(await shownTo(world, ada)).toBeUndefined();
      await settle(world);
      expect((await objectsOf(world)).map(({ key }) => key)).toEqual([UNNAMED]);
      expect(await usageOf(world)).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    });
  });
}

/** As the record says: every thumbnail is the same image here. */
const BYTES = 123;
/** A file of another tool, beside the thumbnails. */
const UNNAMED = 'avatars/users/ada/banner.webp';

const named = (file: string): StorageKey => storageKeyOf(`avatars/users/ada/${file}`);

async function keysWithoutFolder(world: World): Promise<string[]> {
  return (await objectsOf(world)).map(({ key }) => key).filter((key) => key.split('/').length === 4);
}

/** Ada's red avatar as an adoption leaves it: these files, and a record that names them. */
async function withAdopted(
  openAdapters: OpenAdapters,
  stored: Stored,
): Promise<{ readonly world: World; readonly ada: Client }> {
  const world = await openWorld(openAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  const { bytes } = await plainPicture('red');
  const files = stored.map(parsed);
  const keys = files.map(([size, format]) => thumbnailKey(ada.avatar, '', size, format));
  for (const key of [...keys, storageKeyOf(UNNAMED)]) {
    await world.storage.uploadFile({ key, body: bytes, contentType: 'image/png' });
  }
  await record(world, ada, sizesOf(files));
  return { world, ada };
}

function parsed(file: Stored[number]): readonly [ThumbnailSize, ThumbnailFormat] {
  return file.split('.') as [ThumbnailSize, ThumbnailFormat];
}

function sizesOf(files: readonly (readonly [ThumbnailSize, ThumbnailFormat])[]): ThumbnailBytes {
  const sizes: Partial<Record<ThumbnailSize, Partial<Record<ThumbnailFormat, number>>>> = {};
  for (const [size, format] of files) sizes[size] = { ...sizes[size], [format]: BYTES };
  return sizes;
}

/** Published by an upload that wrote nothing. */
async function record({ metadata, now }: World, ada: Client, sizes: ThumbnailBytes): Promise<void> {
  const { uploadId } = await ada.ticket(await plainPicture('red'));
  const lease = { uploadId, leaseId: 'adoption', now: now() };
  await metadata.beginUpload({ ...lease, leaseUntil: instantAfter(now(), 1000) });
  await metadata.publishAvatar({ ...lease, image: { folder: '', sizes, thumbHash: '' } });
  await metadata.finishCleanUp({ uploadId, pass: 'first', now: now() });
}
