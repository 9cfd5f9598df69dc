import { crc32, inflateSync } from 'node:zlib';
import { readOrientation, writeOrientation } from './exif-orientation.ts';
import { IMAGE_LIMITS } from './image-limits.ts';
import { damagedImage, profileTooLarge } from './image-rejections.ts';

/** One chunk (PNG 3, 5.3): length, type, data, CRC. Its data is `[start + 8, end - 4)`. */
export interface PngChunk {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export const PNG_SIGNATURE_BYTES = 8;

/** Ancillary chunks that change how pixels look. All others, text and animation above all, are not decoded. */
const DECODED_ANCILLARY = new Set(['tRNS', 'gAMA', 'cHRM', 'sRGB', 'cICP', 'iCCP', 'eXIf']);

/**
 * The pieces of a PNG that its first picture needs, in order.
 *
 * libpng unpacks compressed text chunks before anyone can ask how large they are: 20 of them in a file of 650 kB take
 * 3 GB. So only chunks that change the pixels reach it, the first of each kind, and Exif with its orientation alone.
 * An APNG is left with its default image.
 *
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* decodablePng(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, PNG_SIGNATURE_BYTES);
  const seen = new Set<string>();
  for (const chunk of pngChunks(file)) {
    if (isCritical(chunk)) yield file.subarray(chunk.start, chunk.end);
    if (!DECODED_ANCILLARY.has(chunk.type) || seen.has(chunk.type)) continue;
    seen.add(chunk.type);
    yield* decodableAncillary(file, chunk);
  }
}

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

function* decodableAncillary(file: Buffer, { type, start, end }: PngChunk): Generator<Uint8Array> {
  const data = file.subarray(start + 8, end - 4);
  if (type === 'eXIf') yield pngChunk('eXIf', writeOrientation(readOrientation(data)));
  else if (type !== 'iCCP' || isUsableProfile(data)) yield file.subarray(start, end);
}

/** Whether the profile unpacks; one that does not is left out, as browsers do. */
function isUsableProfile(data: Buffer): boolean {
  const packed = data.subarray(data.indexOf(0) + 2); // after the name, its zero and the compression method
  try {
    inflateSync(packed, { maxOutputLength: IMAGE_LIMITS.colourProfileBytes });
    return true;
  } catch (error) {
    if (error instanceof RangeError) throw profileTooLarge({ cause: error });
    return false;
  }
}
