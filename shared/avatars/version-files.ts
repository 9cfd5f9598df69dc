import type { RetiredVersion } from '../metadata/records.ts';
import { thumbnailNames } from '../metadata/transitions/retired-versions.ts';
import { type AvatarRef, avatarFileKey, type StorageKey, versionPrefix } from '../storage/object-keys.ts';
import { eachFile, type ObjectStorage } from '../storage/storage-backend.ts';

/** The keys of a retired version's files, as its record names them. */
export function keysOfVersion(avatar: AvatarRef, { folder, original, thumbnails }: RetiredVersion): StorageKey[] {
  const names = thumbnails ?? thumbnailNames(() => true);
  const all = original === undefined ? names : [`original.${original}`, ...names];
  return all.map((name) => avatarFileKey(avatar, folder, name));
}

/** Removes every file in the folder of an upload. */
export async function removeFolder(
  storage: Pick<ObjectStorage, 'listFiles' | 'deleteFile'>,
  avatar: AvatarRef,
  folder: string,
): Promise<void> {
  if (folder === '') throw new RangeError('files without a folder are removed by name');
  const keys: StorageKey[] = [];
  for await (const { key } of eachFile(storage, versionPrefix(avatar, folder))) keys.push(key);
  await Promise.all(keys.map((key) => storage.deleteFile({ key })));
}
