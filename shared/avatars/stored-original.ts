import { type DownloadedFile, readWhole } from '../storage/storage-backend.ts';

/** Originals that release 0.1 wrote end with these 29 bytes, after the end of the image, and say so in their metadata. */
const FORMER_MARK = /^\ngeneration [0-9]{16}\n$/;
const MARK_BYTES = 29;

/** The bytes of a stored original. */
export async function readOriginal(file: DownloadedFile): Promise<Uint8Array> {
  const bytes = await readWhole(file);
  const isMarked =
    'generation' in file.info.metadata && FORMER_MARK.test(bytes.toString('latin1', bytes.length - MARK_BYTES));
  return isMarked ? bytes.subarray(0, -MARK_BYTES) : bytes;
}
