import type { Dependencies } from '../dependencies.ts';
import { DependencyUnavailableError, ObjectChangedError, ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import type { StorageKey } from '../storage/object-keys.ts';
import type { FileInfo, StorageBackend, UploadFileInput } from '../storage/storage-backend.ts';

/** Tries against other writers of one key before the fault is left to the queue's redelivery. */
const MAX_TRIES = 8;

/** The generation an object was written by; 0 for objects that came another way (adopted trees). */
export function generationOf({ metadata }: Pick<FileInfo, 'metadata'>): number {
  const generation = Number(metadata.generation);
  return Number.isSafeInteger(generation) && generation > 0 ? generation : 0;
}

export interface FencedWriteInput extends Omit<UploadFileInput, 'metadata' | 'ifMatch' | 'ifNoneMatch'> {
  readonly generation: number;
}

/**
 * Writes an object unless a newer generation stands there: look, then compare-and-swap, and look again when another
 * writer was faster. A slow older worker therefore never replaces a newer picture, whatever the order of their events.
 * `outrun`: a newer generation stands there; nothing was written.
 */
export async function fencedWrite(
  { storage, sleep }: Pick<Dependencies, 'storage' | 'sleep'>,
  { generation, ...file }: FencedWriteInput,
): Promise<'written' | 'outrun'> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const current = await infoOrUndefined(storage, file.key);
    const standing = current ? generationOf(current) : 0;
    if (standing > generation) return 'outrun';
    if (standing === generation) return 'written';
    try {
      const condition = current ? { ifMatch: current.eTag } : { ifNoneMatch: '*' as const };
      await storage.uploadFile({ ...file, ...condition, metadata: { generation: String(generation) } });
      return 'written';
    } catch (error) {
      if (!(error instanceof ObjectChangedError || error instanceof ObjectExistsError)) throw error;
      await sleep(Math.random() * 20 * 2 ** attempt);
    }
  }
  throw new DependencyUnavailableError(`"${file.key}" is written by too many at once`);
}

/** The object's description, or undefined where none stands. */
export async function infoOrUndefined(storage: StorageBackend, key: StorageKey): Promise<FileInfo | undefined> {
  try {
    return await storage.getFileInfo({ key });
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}
