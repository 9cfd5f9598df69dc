/** What a sequence header says of a grey image (AV1, 5.5). */
export interface Av1Sequence {
  readonly isGrey: boolean;
  /** Of a grey image: whether its shades go from 0 to 255. */
  readonly hasFullRange: boolean;
}

const HAS_DECODER_MODEL = 1;

/**
 * Reads a sequence header up to its colours. Fields are named after the standard's, in its order; bits beyond the end are
 * zeros.
 * @param header the content of the unit
 */
export function readAv1Sequence(header: Buffer): Av1Sequence {
  const read = bitsOf(header);
  const profile = read(3);
  read(1); // still_picture
  const isReduced = read(1) === 1;
  if (isReduced) read(5);
  else skipOperatingPoints(read);
  const [widthBits, heightBits] = [read(4) + 1, read(4) + 1];
  read(widthBits);
  read(heightBits);
  if (!isReduced && read(1) === 1) read(7); // lengths of frame ids
  read(3); // 128x128 superblocks, filter_intra, intra_edge_filter
  if (!isReduced) skipTools(read);
  read(3); // superres, cdef, restoration
  return readColours(read, profile);
}

type Bits = (count: number) => number;

function bitsOf(bytes: Buffer): Bits {
  let at = 0;
  return (count) => {
    let value = 0;
    for (const end = at + count; at < end; at++) {
      value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    }
    return value;
  };
}

function skipOperatingPoints(read: Bits): void {
  const delayBits = read(1) === 1 ? skipTiming(read) : undefined;
  const hasInitialDelay = read(1) === 1;
  const points = read(5) + 1;
  for (let point = 0; point < points; point++) {
    read(12);
    if (read(5) > 7) read(1);
    if (delayBits !== undefined && read(1) === HAS_DECODER_MODEL) read(2 * delayBits + 1);
    if (hasInitialDelay && read(1) === 1) read(4);
  }
}

/** The bits of a buffer delay, if there is a decoder model. */
function skipTiming(read: Bits): number | undefined {
  read(32);
  read(32);
  if (read(1) === 1) skipUvlc(read);
  if (read(1) === 0) return undefined;
  const delayBits = read(5) + 1;
  read(32);
  read(10);
  return delayBits;
}

/** As many bits as there were zeros before the first one (AV1, 4.10.3). */
function skipUvlc(read: Bits): void {
  let zeros = 0;
  while (zeros < 32 && read(1) === 0) zeros += 1;
  if (zeros < 32) read(zeros);
}

function skipTools(read: Bits): void {
  read(4); // interintra_compound, masked_compound, warped_motion, dual_filter
  const hasOrderHint = read(1) === 1;
  if (hasOrderHint) read(2);
  const choosesContentTools = read(1) === 1;
  if ((choosesContentTools || read(1) === 1) && read(1) === 0) read(1); // force_integer_mv
  if (hasOrderHint) read(3);
}

function readColours(read: Bits, profile: number): Av1Sequence {
  const isDeep = read(1) === 1;
  if (profile === 2 && isDeep) read(1);
  const isGrey = profile !== 1 && read(1) === 1;
  if (read(1) === 1) read(24); // primaries, transfer, matrix
  return { isGrey, hasFullRange: isGrey && read(1) === 1 };
}
