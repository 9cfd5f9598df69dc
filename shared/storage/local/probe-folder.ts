import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createFolderAnd, removeEmptyFolders } from './folders.ts';
import { refuseLinks } from './resolve-path.ts';

/**
 * Moves a file from `incoming` into the folder of a prefix, as every write does, and removes it. Its name begins with a
 * dot, so it is never taken for an object.
 * @throws what keeps objects from being written there: a link, missing rights, another disk.
 */
export async function probeFolder(root: string, prefix: string, incoming: string): Promise<void> {
  const folder = resolve(root, prefix);
  const name = `.probe-${randomUUID()}`;
  await refuseLinks(root, folder);
  const [from, to] = [join(incoming, name), join(folder, name)];
  try {
    await writeFile(from, '', { flag: 'wx' });
    await createFolderAnd(folder, root, () => rename(from, to));
  } finally {
    await rm(from, { force: true });
    await rm(to, { force: true });
    await removeEmptyFolders(folder, root);
  }
}
