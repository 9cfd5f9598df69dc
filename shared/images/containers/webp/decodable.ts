import { readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import { webpChunk, webpChunks, webpFile } from './chunks.ts';

/** Chunks the first frame is made of, and the profile and orientation it is shown with (RFC 9649, 2.7). */
const DECODED = new Set(['VP8X', 'ICCP', 'ANIM', 'ANMF', 'ALPH', 'VP8 ', 'VP8L', 'EXIF']);

/**
 * The pieces of a WebP that its first frame needs. Only the first frame of an animation is kept: the library counts
 * frames from the start again for each, so that 40,000 tiny ones take 4 s, and twice as many four times as long. No XMP,
 * and of Exif the orientation alone.
 *
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* decodableWebp(file: Buffer): Generator<Uint8Array> {
  yield* webpFile(decodableChunks(file));
}

function* decodableChunks(file: Buffer): Generator<Uint8Array> {
  const seen = new Set<string>();
  for (const chunk of webpChunks(file)) {
    if (!DECODED.has(chunk.type) || seen.has(chunk.type)) continue;
    seen.add(chunk.type);
    const data = file.subarray(chunk.start + 8, chunk.dataEnd);
    if (chunk.type === 'ICCP' && data.length > IMAGE_LIMITS.colourProfileBytes) throw profileTooLarge();
    if (chunk.type === 'EXIF') yield webpChunk('EXIF', writeOrientation(readOrientation(data)));
    else yield file.subarray(chunk.start, chunk.end);
  }
}
