import { crc32 } from 'node:zlib';
import { damagedImage } from '../../image-rejections.ts';

/** One chunk (PNG 3, 5.3): length, type, data, CRC. Its data is `[start + 8, end - 4)`. */
export interface PngChunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export const PNG_SIGNATURE_BYTES = 8;

/**
 * All chunks from IHDR to IEND. Bytes after IEND are no part of the image.
 * @throws ContentRejectedError image_damaged when a chunk or IEND is missing
 */
export function* pngChunks(file: Buffer): Generator<PngChunk> {
  for (let start = PNG_SIGNATURE_BYTES; ; ) {
    if (start + 12 > file.length) throw damagedImage('it ends before its end chunk');
    const end = start + 12 + file.readUInt32BE(start);
    if (end > file.length) throw damagedImage('it ends inside a chunk');
    const chunk = { type: file.toString('latin1', start + 4, start + 8), start, end };
    yield chunk;
    if (chunk.type === 'IEND') return;
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

/** Upper case in the first letter: no decoder may skip the chunk. */
export function isCritical({ type }: PngChunk): boolean {
  return /^[A-Z]/.test(type);
}
