import { crc32 } from 'node:zlib';
import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';

/** One chunk (PNG 3, 5.3): length, type, data, CRC. Its data is `[start + 8, end - 4)`. */
export interface PngChunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export const PNG_SIGNATURE_BYTES = 8;

/** Chunks without which pixels of the image or of its animation are missing. */
const PIXEL_CHUNKS: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'IDAT', 'fcTL', 'fdAT']);

/**
 * All chunks from IHDR to IEND. Bytes after IEND are no part of the image. If the file ends before it, in a chunk that
 * holds no pixels, the chunks end there.
 * @throws ContentRejectedError image_damaged when a chunk of pixels does not fit into the file; image_too_complex for more
 * chunks than IMAGE_LIMITS allow
 */
export function* pngChunks(file: Buffer): Generator<PngChunk> {
  let count = 0;
  for (let start = PNG_SIGNATURE_BYTES; start + 8 <= file.length; ) {
    count += 1;
    if (count > IMAGE_LIMITS.pngChunks) throw tooManyChunks();
    const type = file.toString('latin1', start + 4, start + 8);
    const end = start + 12 + file.readUInt32BE(start);
    if (type === 'IEND') return yield { type, start, end };
    if (end > file.length && PIXEL_CHUNKS.has(type)) throw damagedImage('it ends inside a chunk');
    if (end > file.length) return;
    yield { type, start, end };
    start = end;
  }
}

/** A chunk with its length and CRC, ready to be written. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

/** Whether the chunk has the checksum that it says. */
export function hasItsChecksum(file: Buffer, { start, end }: PngChunk): boolean {
  return crc32(file.subarray(start + 4, end - 4)) === file.readUInt32BE(end - 4);
}

/** Upper case in the first letter: no decoder may skip the chunk. */
export function isCritical({ type }: PngChunk): boolean {
  return /^[A-Z]/.test(type);
}

function tooManyChunks(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the PNG has more than ${IMAGE_LIMITS.pngChunks} chunks`);
}
