import { isGrey } from './chunk-lengths.ts';
import { PNG_SIGNATURE_BYTES, type PngChunk } from './chunks.ts';
import { type PngColour, profileOf } from './colour.ts';
import { neededChunks } from './needed-chunks.ts';
import { profileChunk, unpackProfile } from './packed-profile.ts';
import { END, orientationChunk } from './stripped.ts';

/** Chunks that the decoder gets as they are. */
const PIXEL_CHUNKS: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT']);
const COLOUR_CHUNKS: ReadonlySet<string> = new Set(['gAMA', 'cHRM', 'sRGB', 'cICP']);

/**
 * The pieces of a PNG that its first image needs, in order. Whatever says what its colours mean becomes one colour
 * profile, because that is all that the decoder understands. An APNG is left with its default image.
 *
 * libpng unpacks compressed text chunks before anyone can ask how large they are: 20 of them in a file of 650 kB take
 * 3 GB. So only chunks that change the pixels reach it.
 *
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* decodablePng(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, PNG_SIGNATURE_BYTES);
  const colour: { -readonly [Part in keyof PngColour]: PngColour[Part] } = {};
  let hasProfile = false;
  for (const chunk of neededChunks(file)) {
    const { type, start, end } = chunk;
    const data = file.subarray(start + 8, end - 4);
    if (!hasProfile && (type === 'PLTE' || type === 'IDAT')) {
      hasProfile = true;
      const profile = profileOf(colour);
      if (profile !== undefined) yield profileChunk(profile);
    }
    if (type === 'iCCP') colour.profile = unpackProfile(data);
    else if (isColour(chunk)) colour[chunk.type] = data;
    else if (type === 'eXIf') yield* orientationChunk(data);
    else if (PIXEL_CHUNKS.has(type)) yield file.subarray(start, end);
    if (type === 'IHDR') colour.isGrey = isGrey({ colourType: data.readUInt8(9) });
  }
  yield END;
}

function isColour(chunk: PngChunk): chunk is PngChunk & { type: 'gAMA' | 'cHRM' | 'sRGB' | 'cICP' } {
  return COLOUR_CHUNKS.has(chunk.type);
}
