import { damagedImage } from './image-rejections.ts';

/** The units that make a decoder draw: a frame's header, or a header and its pixels in one (AV1, 6.2.2). */
const FRAME_HEADER = 3;
const FRAME = 6;

/**
 * How many frames a run of AV1 units (AV1, 5.3) draws, without drawing any.
 * @throws ContentRejectedError image_damaged when a unit does not fit
 */
export function countAv1Frames(units: Buffer): number {
  let frames = 0;
  for (let at = 0; at < units.length; ) {
    const header = units.readUInt8(at);
    const type = (header >> 3) & 0x0f;
    const hasExtension = (header & 0x04) !== 0;
    const hasSize = (header & 0x02) !== 0;
    if (type === FRAME || type === FRAME_HEADER) frames += 1;
    if (!hasSize) return frames; // such a unit goes on to the end
    const size = readLeb128(units, at + (hasExtension ? 2 : 1));
    at = size.end + size.value;
    if (at > units.length) throw damagedImage('a unit of its picture does not fit');
  }
  return frames;
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
