import { randomUUID } from 'node:crypto';
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithoutLinks } from './disk-errors.ts';
import type { OpenObject } from './open-object.ts';
import { fileVersion, type StagedFile } from './staged-file.ts';

/**
 * A second name in `folder` for the open file at `path`: a copy that takes no time and no space, whatever its size. The
 * backend never writes into an object's file, it puts another in its place, so two objects may share one.
 * @returns undefined where the disk gives no link.
 */
export async function linkFile(
  folder: string,
  path: string,
  { handle, info, sha256 }: OpenObject,
): Promise<StagedFile | undefined> {
  const linked = join(folder, randomUUID());
  try {
    await link(path, linked);
  } catch (error) {
    if (isWithoutLinks(error)) return undefined;
    throw error;
  }
  const version = await fileVersion(handle);
  return { path: linked, size: info.size, sha256, version, linkedAt: new Date().toISOString() };
}
