import type { WorkerDependencies } from '../dependencies.ts';
import { DependencyUnavailableError, InvalidKeyError, ObjectChangedError, ObjectExistsError } from '../errors.ts';
import { TEMPORARY_PREFIX } from '../storage/object-keys.ts';
import { infoOrUndefined, type UploadFileInput } from '../storage/storage-backend.ts';
import { generationOf, withMark } from './fence-mark.ts';

/** Tries against other writers of one key before the fault is left to the queue's redelivery. */
const MAX_TRIES = 8;

export interface FencedWriteInput extends Omit<UploadFileInput, 'body' | 'metadata' | 'ifMatch' | 'ifNoneMatch'> {
  readonly body: Uint8Array;
  readonly generation: number;
}

/**
 * Writes an object unless a newer generation stands there: look, then compare-and-swap, and look again when another
 * writer was faster. A slow older worker therefore never replaces a newer picture, whatever the order of their events.
 * `outrun`: a newer generation stands there; nothing was written.
 * @throws InvalidKeyError for a key where clients write: an object there would be taken for an upload.
 */
export async function fencedWrite(
  { storage, sleep }: Pick<WorkerDependencies, 'storage' | 'sleep'>,
  { generation, body, ...file }: FencedWriteInput,
): Promise<'written' | 'outrun'> {
  if (file.key.startsWith(TEMPORARY_PREFIX)) throw new InvalidKeyError(file.key, 'clients write there');
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const current = await infoOrUndefined(storage, file.key);
    const standing = current ? generationOf(current) : 0;
    if (standing > generation) return 'outrun';
    if (standing === generation) return 'written';
    try {
      const condition = current ? { ifMatch: current.eTag } : { ifNoneMatch: '*' as const };
      const metadata = { generation: String(generation) };
      await storage.uploadFile({ ...file, body: withMark(body, generation), metadata, ...condition });
      return 'written';
    } catch (error) {
      if (!(error instanceof ObjectChangedError || error instanceof ObjectExistsError)) throw error;
      await sleep(Math.random() * 20 * 2 ** attempt);
    }
  }
  throw new DependencyUnavailableError(`"${file.key}" is written by too many at once`);
}
