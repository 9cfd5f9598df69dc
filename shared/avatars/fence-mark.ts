import { type DownloadedFile, type FileInfo, readWhole } from '../storage/storage-backend.ts';

/*
 * S3's ETag tells bytes apart, not writes: a picture that is replaced and comes back has its old ETag, and a slow worker
 * that saw the first of the two would swap the second for its own. So the bytes themselves say which generation wrote
 * them. The mark stands after the end of the picture, where every decoder stops reading.
 */
const MARK = /^\ngeneration [0-9]{16}\n$/;

/** How many bytes longer a marked object is. */
export const MARK_BYTES = markOf(0).length;

function markOf(generation: number): Buffer {
  return Buffer.from(`\ngeneration ${String(generation).padStart(16, '0')}\n`, 'latin1');
}

/** The bytes as they are stored: different for every generation. */
export function withMark(bytes: Uint8Array, generation: number): Uint8Array {
  return Buffer.concat([bytes, markOf(generation)]);
}

/** The generation an object was written by; 0 for objects that came another way (adopted trees), which have no mark. */
export function generationOf({ metadata }: Pick<FileInfo, 'metadata'>): number {
  const generation = Number(metadata.generation);
  return Number.isSafeInteger(generation) && generation > 0 ? generation : 0;
}

/** The picture of a stored object, as it was before the mark. */
export async function readWithoutMark(file: DownloadedFile): Promise<Uint8Array> {
  const bytes = await readWhole(file);
  const isMarked = generationOf(file.info) > 0 && MARK.test(bytes.toString('latin1', bytes.length - MARK_BYTES));
  return isMarked ? bytes.subarray(0, -MARK_BYTES) : bytes;
}
