import { link, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ObjectChangedError, ObjectExistsError } from '../../errors.ts';
import type { StorageKey } from '../object-keys.ts';
import type { UploadFileInput } from '../storage-backend.ts';
import { errnoOf, isWithoutLinks } from './disk-errors.ts';
import { createFolderAnd, syncFolder } from './folders.ts';
import { announceDescription, eTagOf, type ObjectDescription, settleDescription } from './object-description.ts';
import { isObject, openObject } from './open-object.ts';
import type { StagedFile } from './staged-file.ts';

/** A staged file, and the place at `path` below `root` that it is for. */
interface Publication {
  readonly root: string;
  readonly path: string;
  readonly staged: StagedFile;
  readonly input: Omit<UploadFileInput, 'body'>;
}

/**
 * Puts the staged file in its place, whole and durable; its staged name may be left. The caller holds the lock of the
 * path.
 * @returns the object's ETag.
 * @throws ObjectChangedError, ObjectExistsError
 */
export async function publishFile({ root, path, staged, input }: Publication): Promise<string> {
  const { key, contentType, cacheControl, contentDisposition, metadata = {}, ifNoneMatch } = input;
  const { sha256, version, linkedAt } = staged;
  const description: ObjectDescription = {
    contentType,
    ...(cacheControl !== undefined && { cacheControl }),
    ...(contentDisposition !== undefined && { contentDisposition }),
    metadata,
    sha256,
    ...(linkedAt !== undefined && { linkedAt }),
  };
  await requireConditions(path, input);
  await createFolderAnd(dirname(path), root, () => announceDescription(path, { ...description, version }));
  await moveTo(path, staged.path, { key, replace: ifNoneMatch === undefined });
  await settleDescription(path);
  await syncFolder(dirname(path));
  return eTagOf(description);
}

/** @throws ObjectChangedError, ObjectExistsError */
export async function requireConditions(
  path: string,
  { key, ifMatch, ifNoneMatch }: Pick<UploadFileInput, 'key' | 'ifMatch' | 'ifNoneMatch'>,
): Promise<void> {
  if (ifNoneMatch !== undefined && (await isObject(path, key))) throw new ObjectExistsError(key);
  if (ifMatch === undefined) return;
  const current = await openObject(path, key);
  await current?.handle.close();
  if (current?.info.eTag !== ifMatch) throw new ObjectChangedError(key);
}

/**
 * `link` refuses a taken name, whoever took it; `rename` replaces it in one step. Where the disk has no links, the look
 * before has to do.
 */
async function moveTo(path: string, staged: string, { key, replace }: { key: StorageKey; replace: boolean }) {
  if (replace) return rename(staged, path);
  try {
    await link(staged, path);
  } catch (error) {
    if (isWithoutLinks(error)) return rename(staged, path);
    throw errnoOf(error) === 'EEXIST' ? new ObjectExistsError(key, { cause: error }) : error;
  }
}
