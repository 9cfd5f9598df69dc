import { damagedImage } from '../../image-rejections.ts';
import { HEADER_BYTES, isGrey, isPossibleLength, type PngHeader } from './chunk-lengths.ts';
import { hasItsChecksum, isCritical, type PngChunk, pngChunks } from './chunks.ts';
import { checkComplete } from './complete-pixels.ts';

/**
 * The chunks of a PNG that a decoder or a player of its animation needs, in order, IEND left out. A faulty ancillary
 * chunk, of wrong checksum or length, is left out, as browsers do. Of each kind that cannot be repeated, the first
 * chunk counts.
 *
 * A chunk that stays has the checksum that it says. Else a wrong length could make text a part of the pixels before it.
 *
 * @throws ContentRejectedError image_damaged for a faulty chunk that holds pixels, a critical chunk of an unknown type,
 * and a file that is cut off before its last pixels
 */
export function* neededChunks(file: Buffer): Generator<PngChunk> {
  const seen = new Set<string>();
  const chunks = pngChunks(file);
  const header = readHeader(file, chunks.next());
  let announced = 0;
  let paletteEntries = 0;
  let isEnded = false;
  yield header.chunk;
  for (const chunk of chunks) {
    const { type, start, end } = chunk;
    isEnded = type === 'IEND';
    // Decoders ignore a palette in shades of grey.
    if (isEnded || isSuperfluous(chunk, seen) || (type === 'PLTE' && isGrey(header))) continue;
    const length = end - start - 12;
    const isPossible = isPossibleLength(type, length, { header, paletteEntries });
    if (isPossible === undefined && isCritical(chunk)) throw damagedImage(`the chunk "${type}" is not known`);
    if (isPossible === undefined) continue;
    if (!isPossible || !hasItsChecksum(file, chunk)) {
      if (isCritical(chunk) || isFrame(chunk)) throw damagedImage(`the chunk "${type}" is faulty`);
      continue;
    }
    seen.add(type);
    if (type === 'PLTE') paletteEntries = length / 3;
    if (type === 'acTL') announced = file.readUInt32BE(start + 8);
    yield chunk;
  }
  if (!seen.has('IDAT')) throw damagedImage('it has no pixels');
  if (!isEnded) checkComplete(file, announced);
}

function readHeader(
  file: Buffer,
  { done, value: chunk }: IteratorResult<PngChunk, void>,
): PngHeader & { readonly chunk: PngChunk } {
  if (done) throw damagedImage('it does not begin with its header');
  const isHeader = chunk.type === 'IHDR' && chunk.end - chunk.start - 12 === HEADER_BYTES;
  if (!isHeader || !hasItsChecksum(file, chunk)) throw damagedImage('it does not begin with its header');
  return { chunk, colourType: file.readUInt8(chunk.start + 8 + 9) };
}

/** Repeated, or a frame of an animation that was not announced. */
function isSuperfluous(chunk: PngChunk, seen: ReadonlySet<string>): boolean {
  if (isFrame(chunk)) return !seen.has('acTL');
  return seen.has(chunk.type) && chunk.type !== 'IDAT';
}

function isFrame({ type }: PngChunk): boolean {
  return type === 'fcTL' || type === 'fdAT';
}
