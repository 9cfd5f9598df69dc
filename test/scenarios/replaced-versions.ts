import { describe, expect, it } from 'vitest';
import { KEPT_REPLACED, RETENTION } from '../../shared/metadata/retention.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { type Client, clientOf } from './client.ts';
import { expectAtRest, servedKey, shownTo, usageOf } from './observed-state.ts';
import { type PlainColour, plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { type OpenAdapters, openWorld, type World } from './world.ts';

/** Files of replaced images: URLs that were just handed out do not break, and nothing is stored for ever. */
export function describeReplacedVersions(openAdapters: OpenAdapters): void {
  describe('a replaced image', () => {
    it('is served at the URLs handed out before for a day, and its files are removed after it', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const before = await publish(world, ada, 'red');
      const after = await publish(world, ada, 'green');
      expect(await shownTo(world, ada)).toBe('green');

      world.advance(RETENTION.replacedGrace - 1);
      expect(await world.sweep()).toMatchObject({ purged: 0 });
      expect(await foldersOf(world)).toEqual([folderOf(before), folderOf(after)]);
      expect(await world.storage.fileExists({ key: before })).toBe(true);
      await expectAtRest(world, [ada]);

      world.advance(1);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      expect(await foldersOf(world)).toEqual([folderOf(after)]);
      expect(await shownTo(world, ada)).toBe('green');
      await expectAtRest(world, [ada]);
    });

    it('is not charged while its files are still stored', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await publish(world, ada, 'red');
      await publish(world, ada, 'green');
      const { bytes } = await plainPicture('green');
      expect(await usageOf(world)).toEqual({ bytes: bytes.length, files: 1, openUploads: 0 });
    });

    it('is one of three at most: with a fourth quick replacement, the oldest is removed by the next sweep', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const keys: StorageKey[] = [];
      for (const colour of ['red', 'green', 'blue', 'yellow', 'red'] as const) {
        keys.push(await publish(world, ada, colour));
      }
      const [oldest, ...kept] = keys.map(folderOf);
      expect(await foldersOf(world)).toEqual([oldest, ...kept]);
      expect(await world.sweep()).toMatchObject({ purged: 1 });
      expect(await foldersOf(world)).toEqual(kept);
      expect(kept).toHaveLength(KEPT_REPLACED + 1);
      await expectAtRest(world, [ada]);
      await settle(world);
      expect(await foldersOf(world)).toEqual(kept.slice(-1));
      await expectAtRest(world, [ada]);
    });

    it('is removed at once, with the published one, when the avatar is deleted', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      await publish(world, ada, 'red');
      await publish(world, ada, 'green');
      await ada.delete();
      for (const message of [...world.messages]) await world.deliver(message);
      expect(await foldersOf(world)).toEqual([]);
      await settle(world);
      await expectAtRest(world, [ada]);
    });

    it('is removed although a purge was delivered before its time, and only then', async () => {
      const world = await openWorld(openAdapters);
      const ada = clientOf(world, { sub: 'ada' });
      const before = await publish(world, ada, 'red');
      await publish(world, ada, 'green');
      const early = { queue: 'maintenance', body: JSON.stringify({ purge: ada.avatar }) } as const;
      expect(await world.deliver(early)).toBe('acknowledged');
      expect(await world.storage.fileExists({ key: before })).toBe(true);
      await settle(world);
      expect(await world.storage.fileExists({ key: before })).toBe(false);
    });
  });
}

/** @returns the key of the object that the image URL leads to from then on. */
async function publish(world: World, ada: Client, colour: PlainColour): Promise<StorageKey> {
  await world.deliver((await ada.send(await plainPicture(colour))).event);
  const key = await servedKey(world, ada);
  if (!key) throw new Error('nothing was published');
  return key;
}

/** The folders below the avatar's prefix, in the order in which their uploads were issued. */
async function foldersOf({ storage }: World): Promise<string[]> {
  const { files } = await storage.listFiles({ prefix: 'avatars/users/ada/' });
  return [...new Set(files.map(({ key }) => folderOf(key)))].sort((one, other) => numberOf(one) - numberOf(other));
}

function folderOf(key: string): string {
  return key.split('/').at(-2) ?? '';
}

/** The ids of a world are numbered. */
function numberOf(folder: string): number {
  return Number(folder.slice('id-'.length));
}
