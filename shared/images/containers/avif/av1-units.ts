import { damagedImage } from '../../image-rejections.ts';

/** Types of units (AV1, 6.2.2) that are counted or changed here. */
const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;
const FRAME_HEADER = 3;
const METADATA = 5;
const FRAME = 6;
const PADDING = 15;

/** All units of images: sequence header, delimiter, frame headers, tile groups, metadata, frames, padding. */
const KNOWN_TYPES: ReadonlySet<number> = new Set([
  SEQUENCE_HEADER,
  TEMPORAL_DELIMITER,
  FRAME_HEADER,
  4,
  METADATA,
  FRAME,
  7,
  PADDING,
]);

/** What `av1C` may hold: a sequence header, metadata (AV1-ISOBMFF, 2.3.4), padding. */
export const CONFIGURATION_UNITS: ReadonlySet<number> = new Set([SEQUENCE_HEADER, METADATA, PADDING]);

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
  visitUnits(units, (header) => {
    const type = typeOf(header);
    if (type === FRAME || type === FRAME_HEADER) frames += 1;
  });
  return frames;
}

/** The content of the first sequence header; undefined without one. @throws ContentRejectedError image_damaged */
export function sequenceHeaderIn(units: Buffer): Buffer | undefined {
  let found: Buffer | undefined;
  visitUnits(units, (header, start, end) => {
    if (typeOf(header) === SEQUENCE_HEADER) found ??= units.subarray(start, end);
  });
  return found;
}

/**
 * Whether these are AV1 units from the first byte to the last, each with its length, as encoders write them.
 * @param types the types that they may have
 * @throws ContentRejectedError image_damaged when a unit does not fit
 */
export function areAv1Units(bytes: Buffer, types = KNOWN_TYPES): boolean {
  let isSo = bytes.length > 0;
  visitUnits(bytes, (header, start, end) => {
    const type = typeOf(header);
    const isKnown = types.has(type) && (type !== TEMPORAL_DELIMITER || start === end);
    if (!isKnown || !hasSize(header) || (header & RESERVED) !== 0) isSo = false;
  });
  return isSo;
}

/**
 * Turns metadata units into padding of the same length, and zeros what padding holds (AV1, 5.8 and 6.7). Only the
 * brightness stays: messages of ITU-T T.35 and time codes can hold anything, and no decoder needs them.
 * @param units for which `areAv1Units`
 */
export function stripAv1Units(units: Buffer): void {
  visitUnits(units, (header, start, end, at) => {
    const type = typeOf(header);
    if (type !== METADATA && type !== PADDING) return;
    if (type === METADATA && KEPT_METADATA.get(units[start] ?? 0) === end - start) return;
    units[at] = (header & ~TYPE) | (PADDING << 3);
    units.fill(0, start, end);
    if (start < end) units[end - 1] = 0x80; // the bit that ends the padding
  });
}

/** Bits of the first byte of a unit (AV1, 5.3.2). */
const TYPE = 0x78;
const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;
const RESERVED = 0x81;

function typeOf(header: number): number {
  return (header & TYPE) >> 3;
}

/** A unit without a size goes on to the end. */
function hasSize(header: number): boolean {
  return (header & HAS_SIZE) !== 0;
}

/**
 * Calls `visit` for each unit, with its first byte, where its content starts and ends, and where the unit starts. Not a
 * generator, because a file may have 30 million units.
 */
function visitUnits(units: Buffer, visit: (header: number, start: number, end: number, at: number) => void): void {
  for (let at = 0; at < units.length; ) {
    const header = units.readUInt8(at);
    const headerEnd = at + ((header & HAS_EXTENSION) === 0 ? 1 : 2);
    const start = hasSize(header) ? endOfLeb128(units, headerEnd) : headerEnd;
    const end = hasSize(header) ? start + readLeb128(units, headerEnd) : units.length;
    if (end > units.length) throw damagedImage('a unit of its image does not fit');
    visit(header, start, end, at);
    at = end;
  }
}

/** Seven bits a byte, the lowest first; the eighth says that more follow (AV1, 4.10.5). */
function readLeb128(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = endOfLeb128(bytes, from) - 1; at >= from; at--) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}

function endOfLeb128(bytes: Buffer, from: number): number {
  for (let at = from; at < from + 8; at++) if ((bytes[at] ?? 0) < 0x80) return at + 1;
  throw damagedImage('a unit of its image has no size');
}
