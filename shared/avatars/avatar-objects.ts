import { ObjectChangedError } from '../errors.ts';
import { type AvatarRef, avatarPrefix, isOriginalKey, type StorageKey } from '../storage/object-keys.ts';
import { eachFile, type FileInfo, infoOrUndefined, type ObjectStorage } from '../storage/storage-backend.ts';
import { generationOf } from './fence-mark.ts';

/** Which objects of an avatar are meant. */
interface Selection {
  /** Looked at first, because it costs nothing. @default every key */
  readonly keys?: (key: StorageKey) => boolean;
  readonly generations: (generation: number) => boolean;
}

/** The original that was written at exactly this generation, whatever its extension. */
export async function findOriginal(
  storage: ObjectStorage,
  avatar: AvatarRef,
  generation: number,
): Promise<FileInfo | undefined> {
  const [original] = await select(storage, avatar, { keys: isOriginalKey, generations: (g) => g === generation });
  return original;
}

/**
 * Deletes the selected objects, each only in the version that was looked at: what a newer writer puts in its place
 * meanwhile stays.
 */
export async function removeAvatarObjects(
  storage: ObjectStorage,
  avatar: AvatarRef,
  selection: Selection,
): Promise<void> {
  const doomed = await select(storage, avatar, selection);
  await Promise.all(doomed.map(({ key, eTag }) => removeUnlessReplaced(storage, key, eTag)));
}

async function select(storage: ObjectStorage, avatar: AvatarRef, selection: Selection): Promise<FileInfo[]> {
  const { keys = () => true, generations } = selection;
  const looked: Promise<FileInfo | undefined>[] = [];
  for await (const { key } of eachFile(storage, avatarPrefix(avatar))) {
    if (keys(key)) looked.push(infoOrUndefined(storage, key));
  }
  const infos = await Promise.all(looked);
  return infos.filter((info): info is FileInfo => info !== undefined && generations(generationOf(info)));
}

async function removeUnlessReplaced(storage: ObjectStorage, key: StorageKey, ifMatch: string): Promise<void> {
  try {
    await storage.deleteFile({ key, ifMatch });
  } catch (error) {
    if (!(error instanceof ObjectChangedError)) throw error;
  }
}
