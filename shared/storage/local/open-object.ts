import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { StorageKey } from '../object-keys.ts';
import type { FileInfo } from '../storage-backend.ts';
import { isAbsence, linkRefused, storageErrorOf } from './disk-errors.ts';
import { eTagOf, readDescription } from './object-description.ts';

/** One version of an object, whatever happens to its key from now on. Whoever opened it closes the file. */
export interface OpenObject {
  readonly handle: FileHandle;
  readonly info: FileInfo;
  /** Of the bytes, base64. */
  readonly sha256: string;
}

/** The bytes and their description. Undefined if no object stands there. */
export async function openObject(path: string, key: StorageKey): Promise<OpenObject | undefined> {
  if (!(await isObject(path, key))) return undefined;
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mtime } = await handle.stat();
    const description = await readDescription(path, handle);
    const { contentType, cacheControl, contentDisposition, metadata, sha256, linkedAt } = description;
    const info = {
      key,
      size,
      eTag: eTagOf(description),
      lastModified: linkedAt === undefined ? mtime : new Date(linkedAt),
      contentType,
      ...(cacheControl !== undefined && { cacheControl }),
      ...(contentDisposition !== undefined && { contentDisposition }),
      metadata,
    };
    return { handle, info, sha256 };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Whether an object stands at the path. A folder is none.
 * @throws StorageDeniedError for a symbolic link.
 */
export async function isObject(path: string, key: StorageKey): Promise<boolean> {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) throw linkRefused(key);
    return stat.isFile();
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** The bytes from `start` to `end`, both included. Closes the file at its end, on `return()` and on an error. */
export function readAndClose(
  { handle, info }: OpenObject,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncIterable<Uint8Array> {
  const chunks = readChunks(handle, start, end, info.key);
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => chunks.next(),
    async return() {
      await handle.close(); // a generator that has not begun would skip its `finally`
      return chunks.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

const CHUNK_BYTES = 256 * 1024;

async function* readChunks(
  handle: FileHandle,
  start: number,
  end: number,
  key: StorageKey,
): AsyncGenerator<Uint8Array, undefined> {
  try {
    for (let at = start; at <= end; ) {
      const length = Math.min(CHUNK_BYTES, end + 1 - at);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } catch (error) {
    throw storageErrorOf(error, key);
  } finally {
    await handle.close();
  }
}
