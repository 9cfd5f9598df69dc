import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InvalidKeyError } from '../../errors.ts';
import { type StorageKey, storageKeyOf } from '../object-keys.ts';
import { isAbsence } from './disk-errors.ts';
import { isSplitFolder, joinName, segmentOf } from './file-names.ts';
import { resolvePath } from './resolve-path.ts';

/**
 * The keys that start with `prefix` and come after `after`, in ascending order of their UTF-8 bytes. Only regular files
 * under names the backend writes are objects; hidden names and symbolic links are not.
 */
export async function* keysAfter(root: string, prefix: string, after: string): AsyncGenerator<StorageKey> {
  const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const folder = await folderOf(root, parent);
  if (folder !== undefined) yield* listKeys({ folder, parent, prefix, after });
}

/** Undefined for a folder that no key can be in. */
async function folderOf(root: string, parent: string): Promise<string | undefined> {
  try {
    return dirname(await resolvePath(root, storageKeyOf(`${parent}-`)));
  } catch (error) {
    if (error instanceof InvalidKeyError) return undefined;
    throw error;
  }
}

/** Where a listing starts and what it leaves out. */
interface Listing {
  /** The folder of `parent`. */
  readonly folder: string;
  /** The part of `prefix` up to its last slash. */
  readonly parent: string;
  readonly prefix: string;
  readonly after: string;
}

async function* listKeys({ folder, parent, prefix, after }: Listing): AsyncGenerator<StorageKey> {
  for (const { path, key } of await entriesOf(folder, parent)) {
    if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
    const isAfter = compareKeys(key, after) > 0;
    if (!key.endsWith('/')) {
      if (isAfter && key.startsWith(prefix)) yield key as StorageKey;
    } else if (isAfter || after.startsWith(key)) {
      yield* listKeys({ folder: path, parent: key, prefix, after });
    }
  }
}

/** The order of S3's lists. JavaScript's own order differs beyond U+FFFF. */
function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

interface Entry {
  readonly path: string;
  /** What the keys of this entry start with: a whole key, or a folder's with its final slash. */
  readonly key: string;
}

/** A folder sorts as its keys do, by its name with the slash: `a-b` comes before `a/b`. */
async function entriesOf(folder: string, parent: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const { name, path, isFolder } of namesIn(folder)) {
    const segment = segmentOf(name);
    if (segment !== undefined) entries.push({ path, key: `${parent}${segment}${isFolder ? '/' : ''}` });
  }
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}

/** The names in a folder, the split ones joined. A folder that is gone meanwhile is empty. */
async function* namesIn(folder: string): AsyncGenerator<{ name: string; path: string; isFolder: boolean }> {
  for (const entry of await readFolder(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && isSplitFolder(entry.name)) {
      for await (const rest of namesIn(path)) {
        const name = joinName(entry.name, rest.name);
        if (name !== undefined) yield { ...rest, name };
      }
    } else if (entry.isDirectory() || entry.isFile()) {
      yield { name: entry.name, path, isFolder: entry.isDirectory() };
    }
  }
}

async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
