import { damagedImage } from '../../image-rejections.ts';

/** Types of units (AV1, 6.2.2) that are counted or changed here. */
const TEMPORAL_DELIMITER = 2;
const FRAME_HEADER = 3;
const METADATA = 5;
const FRAME = 6;
const PADDING = 15;

/** All units of images: sequence header, delimiter, frame headers, tile groups, metadata, frames, padding. */
const KNOWN_TYPES = new Set([1, TEMPORAL_DELIMITER, FRAME_HEADER, 4, METADATA, FRAME, 7, PADDING]);

/** How bright the image is, and the screen it was made on: metadata type -> bytes, the type and the last bit included. */
const KEPT_METADATA = new Map([
  [1, 6],
  [2, 26],
]);

/**
 * How many frames a run of AV1 units (AV1, 5.3) draws, without drawing any.
 * @throws ContentRejectedError image_damaged when a unit does not fit
 */
export function countAv1Frames(units: Buffer): number {
  let frames = 0;
  for (const { type } of av1Units(units)) if (type === FRAME || type === FRAME_HEADER) frames += 1;
  return frames;
}

/**
 * Whether these are AV1 units from the first byte to the last, each with its length, as encoders write them.
 * @throws ContentRejectedError image_damaged when a unit does not fit
 */
export function areAv1Units(bytes: Buffer): boolean {
  for (const { type, hasSize, hasReserved, start, end } of av1Units(bytes)) {
    if (!KNOWN_TYPES.has(type) || !hasSize || hasReserved) return false;
    if (type === TEMPORAL_DELIMITER && start < end) return false;
  }
  return bytes.length > 0;
}

/**
 * Turns metadata units into padding of the same length, and zeros what padding holds (AV1, 5.8 and 6.7). Only the
 * brightness stays: messages of ITU-T T.35 and time codes can hold anything, and no decoder needs them.
 * @param units for which `areAv1Units`
 */
export function stripAv1Units(units: Buffer): void {
  for (const { type, at, start, end } of av1Units(units)) {
    const isKept = type === METADATA && KEPT_METADATA.get(units[start] ?? 0) === end - start;
    if (isKept || (type !== METADATA && type !== PADDING)) continue;
    units[at] = (units.readUInt8(at) & 0x87) | (PADDING << 3);
    units.fill(0, start, end);
    if (start < end) units[end - 1] = 0x80; // the bit that ends the padding
  }
}

interface Av1Unit {
  readonly type: number;
  /** Where its header stands. */
  readonly at: number;
  /** Its content is in `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Without a size it goes on to the end. */
  readonly hasSize: boolean;
  /** Bits are set that must not be. */
  readonly hasReserved: boolean;
}

function* av1Units(units: Buffer): Generator<Av1Unit> {
  for (let at = 0; at < units.length; ) {
    const header = units.readUInt8(at);
    const hasExtension = (header & 0x04) !== 0;
    const hasSize = (header & 0x02) !== 0;
    const headerEnd = at + (hasExtension ? 2 : 1);
    const size = hasSize ? readLeb128(units, headerEnd) : { value: units.length - headerEnd, end: headerEnd };
    const end = size.end + size.value;
    if (end > units.length) throw damagedImage('a unit of its picture does not fit');
    yield { type: (header >> 3) & 0x0f, at, start: size.end, end, hasSize, hasReserved: (header & 0x81) !== 0 };
    at = end;
  }
}

/** Seven bits a byte, the lowest first; the eighth says that more follow (AV1, 4.10.5). */
function readLeb128(bytes: Buffer, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[from + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: from + index + 1 };
  }
  throw damagedImage('a unit of its picture has no size');
}
