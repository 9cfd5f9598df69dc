import { inflateSync } from 'node:zlib';
import { readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import { isCritical, PNG_SIGNATURE_BYTES, type PngChunk, pngChunk, pngChunks } from './chunks.ts';

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
