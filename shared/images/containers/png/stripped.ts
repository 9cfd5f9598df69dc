import { crc32, inflateSync } from 'node:zlib';
import { readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { damagedImage, profileTooLarge } from '../../image-rejections.ts';
import { isCritical, PNG_SIGNATURE_BYTES, type PngChunk, pngChunk, pngChunks } from './chunks.ts';

/**
 * The pieces of a PNG without its metadata, pixels and frames as they are: no text, no time, no chunk that this product
 * does not know, of Exif the orientation alone, nothing after the end chunk.
 *
 * A chunk that stays has the checksum it says. Else a wrong length could make text a part of the pixels before it.
 *
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function* strippedPng(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, PNG_SIGNATURE_BYTES);
  const seen = new Set<string>();
  for (const chunk of pngChunks(file)) {
    const most = MOST_BYTES[chunk.type];
    if (most === undefined && isCritical(chunk)) throw damagedImage(`nobody knows the chunk "${chunk.type}"`);
    if (most === undefined || (seen.has(chunk.type) && !isRepeated(chunk))) continue;
    if (seen.size === 0 && chunk.type !== 'IHDR') throw damagedImage('it does not begin with its header');
    seen.add(chunk.type);
    checkChunk(file, chunk, most);
    yield* neededChunk(file, chunk);
  }
}

/** What a decoder, or a player of animations (PNG 3, 11.3.6), needs to know: type -> its most bytes. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  IHDR: 13,
  PLTE: 768,
  IDAT: Number.POSITIVE_INFINITY,
  IEND: 0,
  tRNS: 256,
  gAMA: 4,
  cHRM: 32,
  sRGB: 1,
  cICP: 4,
  mDCV: 24,
  cLLI: 8,
  iCCP: Number.POSITIVE_INFINITY,
  sBIT: 4,
  bKGD: 6,
  pHYs: 9,
  eXIf: Number.POSITIVE_INFINITY,
  acTL: 8,
  fcTL: 26,
  fdAT: Number.POSITIVE_INFINITY,
};

/** Unpacked; the largest of scanners and presses have a few. */
const MOST_PROFILE_BYTES = 16 * 1024 ** 2;

function isRepeated(chunk: PngChunk): boolean {
  return isCritical(chunk) || chunk.type === 'fcTL' || chunk.type === 'fdAT';
}

function checkChunk(file: Buffer, { type, start, end }: PngChunk, most: number): void {
  if (end - start - 12 > most) throw damagedImage(`the chunk "${type}" is longer than it can be`);
  const isWhole = crc32(file.subarray(start + 4, end - 4)) === file.readUInt32BE(end - 4);
  if (!isWhole) throw damagedImage(`the chunk "${type}" does not have its checksum`);
}

function* neededChunk(file: Buffer, { type, start, end }: PngChunk): Generator<Uint8Array> {
  const data = file.subarray(start + 8, end - 4);
  if (type === 'iCCP') {
    const packed = packedProfile(data);
    if (packed !== undefined) yield pngChunk('iCCP', Buffer.concat([NAMELESS, packed]));
  } else if (type === 'eXIf') {
    const orientation = readOrientation(data);
    if (orientation !== 1) yield pngChunk('eXIf', writeOrientation(orientation));
  } else {
    yield file.subarray(start, end);
  }
}

/** A name must stand before the profile; then a zero and the compression method, which is zero too. */
const NAMELESS = Buffer.from('profile\0\0', 'latin1');

/**
 * The packed profile without its name and without what stands after it; undefined if it does not unpack, so that nobody
 * can use it.
 */
function packedProfile(data: Buffer): Buffer | undefined {
  const packed = data.subarray(data.indexOf(0) + 2);
  try {
    // With `info` the answer is more than the types say: the engine too, which counts the bytes it took.
    const { engine } = inflateSync(packed, { maxOutputLength: MOST_PROFILE_BYTES, info: true }) as unknown as {
      readonly engine: { readonly bytesWritten: number };
    };
    return packed.subarray(0, engine.bytesWritten);
  } catch (error) {
    if (error instanceof RangeError) throw profileTooLarge({ cause: error });
    return undefined;
  }
}
