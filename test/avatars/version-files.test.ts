import { describe, expect, it } from 'vitest';
import { keysOfVersion, removeFolder } from '../../shared/avatars/version-files.ts';
import type { ObjectStorage } from '../../shared/storage/storage-backend.ts';

const ADA = { entityType: 'users', entityId: 'ada' } as const;
const REMOVE_AT = { removeAt: '2026-11-27T00:00:00.000Z' };

describe('the files of a retired version', () => {
  it('are its original and every thumbnail, in its own folder', () => {
    expect(keysOfVersion(ADA, { folder: 'u-1', original: 'png', ...REMOVE_AT })).toEqual([
      'avatars/users/ada/u-1/original.png',
      'avatars/users/ada/u-1/small.webp',
      'avatars/users/ada/u-1/small.jpg',
      'avatars/users/ada/u-1/medium.webp',
      'avatars/users/ada/u-1/medium.jpg',
      'avatars/users/ada/u-1/large.webp',
      'avatars/users/ada/u-1/large.jpg',
    ]);
  });

  it('are only those that its record names, directly below the avatar in an adopted tree', () => {
    expect(keysOfVersion(ADA, { folder: '', thumbnails: ['medium.jpg'], ...REMOVE_AT })).toEqual([
      'avatars/users/ada/medium.jpg',
    ]);
  });
});

it('a folder is never removed when it has no name: that would be the whole avatar', async () => {
  const storage = {} as ObjectStorage;
  await expect(removeFolder(storage, ADA, '')).rejects.toThrow(RangeError);
});
