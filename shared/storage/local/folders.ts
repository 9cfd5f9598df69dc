import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './disk-errors.ts';

/** Creates the folder and those above it up to `root`, which exists. Each would survive a crash. */
export async function createFolder(folder: string, root: string): Promise<void> {
  if (folder === root) return;
  try {
    await mkdir(folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    if (errnoOf(error) !== 'ENOENT') throw error;
    await createFolder(dirname(folder), root);
    await createFolder(folder, root);
  }
}

/**
 * Creates the folder and runs a task that puts a file into it. Only then does the folder stay: until then the deletion of
 * a neighbour may remove it, and both are done again.
 */
export async function createFolderAnd(folder: string, root: string, task: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await createFolder(folder, root);
      return await task();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt === 20) throw error;
    }
  }
}

/**
 * Makes the names in a folder survive a crash; for a folder that was removed meanwhile, its removal. Windows has no such
 * call and writes them itself.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  let handle: FileHandle;
  try {
    handle = await open(folder, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return syncFolder(dirname(folder));
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes the folder and those above it, below `root`, as long as they are empty. Somebody may be filling one. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; at !== root; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return;
    }
  }
}
