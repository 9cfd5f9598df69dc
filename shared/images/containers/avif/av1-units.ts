import { damagedImage } from '../../image-rejections.ts';

/** The units that make a decoder draw: a frame's header, or a header and its pixels in one (AV1, 6.2.2). */
const FRAME_HEADER = 3;
const FRAME = 6;

/** All units that have a meaning, padding included. */
const KNOWN_TYPES = new Set([1, 2, FRAME_HEADER, 4, 5, FRAME, 7, 8, 15]);

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
  for (const { type, hasSize, hasReserved } of av1Units(bytes)) {
    if (!KNOWN_TYPES.has(type) || !hasSize || hasReserved) return false;
  }
  return bytes.length > 0;
}

interface Av1Unit {
  readonly type: number;
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
    yield { type: (header >> 3) & 0x0f, hasSize, hasReserved: (header & 0x81) !== 0 };
    if (!hasSize) return;
    const size = readLeb128(units, at + (hasExtension ? 2 : 1));
    at = size.end + size.value;
    if (at > units.length) throw damagedImage('a unit of its picture does not fit');
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
