import { lstat, realpath } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { DependencyUnavailableError, InvalidKeyError } from '../../errors.ts';
import type { StorageKey } from '../object-keys.ts';
import { isAbsence, linkRefused } from './disk-errors.ts';
import { filePathOf } from './file-names.ts';

/**
 * The only road from a key to the disk. Nothing else may join a path from a key: here it is escaped, shown to lie below
 * the root, and no folder on the way is a symbolic link. The last name itself is opened with O_NOFOLLOW.
 * @param root Absolute.
 * @throws InvalidKeyError, StorageDeniedError for a link, DependencyUnavailableError if the root is gone.
 */
export async function resolvePath(root: string, key: StorageKey): Promise<string> {
  const path = resolve(root, filePathOf(key));
  if (!path.startsWith(root + sep)) throw new InvalidKeyError(key, 'outside of the storage');
  await refuseLinks(root, dirname(path));
  return path;
}

/**
 * Looks at the nearest folder that exists: the others will be created below it. A link that leads to nothing is refused
 * like any other, because no folder could be created in its place.
 */
export async function refuseLinks(root: string, folder: string): Promise<void> {
  const real = await realRoot(root);
  for (let at = folder; at !== root; at = dirname(at)) {
    try {
      if ((await realpath(at)) !== real + at.slice(root.length)) throw linkRefused(at);
      return;
    } catch (error) {
      if (!isAbsence(error)) throw error;
      if (await isLink(at)) throw linkRefused(at);
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** A root that is gone, such as a disk not mounted, must not look like an empty storage. */
async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (cause) {
    throw new DependencyUnavailableError(`the folder ${root} cannot be reached`, { cause });
  }
}
