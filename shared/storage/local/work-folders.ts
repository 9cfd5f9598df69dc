import { join } from 'node:path';
import { createFolder } from './folders.ts';
import { refuseLinks } from './resolve-path.ts';

/**
 * A folder of the backend's own in the root, made if it is not there. No key leads to it: names on disk that begin with a
 * dot are never an object's.
 */
export async function openWorkFolder(root: string, name: '.incoming' | '.multipart'): Promise<string> {
  const folder = join(root, name);
  await refuseLinks(root, folder); // also throws if the root is gone, which must not be made anew
  await createFolder(folder, root);
  return folder;
}
