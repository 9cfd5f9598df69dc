import { readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { PNG_SIGNATURE_BYTES, type PngChunk, pngChunk } from './chunks.ts';
import { neededChunks } from './needed-chunks.ts';
import { profileChunk, unpackProfile } from './packed-profile.ts';

/**
 * The pieces of a PNG without its metadata, pixels and frames as they are: no text, no time, no chunk of an unknown or
 * faulty kind, the colour profile rebuilt, of Exif the orientation alone, nothing after the end chunk. A missing end
 * chunk is added if the pixels are complete.
 *
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* strippedPng(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, PNG_SIGNATURE_BYTES);
  for (const chunk of neededChunks(file)) yield* strippedChunk(file, chunk);
  yield END;
}

export const END = pngChunk('IEND', Buffer.alloc(0));

function* strippedChunk(file: Buffer, { type, start, end }: PngChunk): Generator<Uint8Array> {
  const data = file.subarray(start + 8, end - 4);
  if (type === 'iCCP') {
    const profile = unpackProfile(data);
    if (profile !== undefined) yield profileChunk(profile);
  } else if (type === 'eXIf') {
    yield* orientationChunk(data);
  } else {
    yield file.subarray(start, end);
  }
}

/** An Exif of orientation alone, if it says that the image is turned. */
export function* orientationChunk(exif: Buffer): Generator<Buffer> {
  const orientation = readOrientation(exif);
  if (orientation !== 1) yield pngChunk('eXIf', writeOrientation(orientation));
}
