import { inflateSync } from 'node:zlib';
import { ContentRejectedError } from '../../../errors.ts';
import { damagedImage } from '../../image-rejections.ts';
import { joinPieces } from '../join-pieces.ts';
import { pngChunks } from './chunks.ts';

/** Enough for 64 megapixels of four bytes. */
const MOST_UNPACKED_BYTES = 2 ** 28 + 2 ** 20;

/**
 * Without an end chunk, nothing else says whether the file was cut off: the pixels, and those of the last frame of an
 * animation, must unpack to their end.
 * @param frames how many the animation announces; 0 without one
 * @throws ContentRejectedError image_damaged; image_too_complex for more pixels than can be unpacked to find out
 */
export function checkComplete(file: Buffer, frames: number): void {
  let count = 0;
  let lastFrame = 0;
  for (const { type, start } of pngChunks(file)) {
    if (type !== 'fcTL') continue;
    count += 1;
    lastFrame = start;
  }
  if (count < frames) throw damagedImage('it ends before its last frame');
  unpack(pixelData(file, 'IDAT', 0));
  if (frames > 1) unpack(pixelData(file, 'fdAT', lastFrame));
}

/** What the chunks of this type behind `from` hold; those of frames begin with a number of four bytes. */
function* pixelData(file: Buffer, type: 'IDAT' | 'fdAT', from: number): Generator<Uint8Array> {
  for (const chunk of pngChunks(file)) {
    if (chunk.type !== type || chunk.start < from) continue;
    yield file.subarray(chunk.start + (type === 'IDAT' ? 8 : 12), chunk.end - 4);
  }
}

function unpack(packed: Iterable<Uint8Array>): void {
  try {
    inflateSync(joinPieces(packed), { maxOutputLength: MOST_UNPACKED_BYTES });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new ContentRejectedError('image_too_complex', 'a PNG of this size must have its end chunk', {
        cause: error,
      });
    }
    throw damagedImage('it ends before its last pixels', { cause: error });
  }
}
