import { damagedImage } from '../../image-rejections.ts';
import { overwrite } from './overwrite.ts';
import { stripSei } from './sei.ts';

/** Types of NAL units (ITU-T H.265, table 7-1). */
export const PARAMETER_SETS: ReadonlySet<number> = new Set([32, 33, 34]);
const DELIMITER = 35;
const END_OF_SEQUENCE = 36;
const END_OF_STREAM = 37;
const FILLER = 38;
export const SEI: ReadonlySet<number> = new Set([39, 40]);

/** Bytes before the content of a unit. */
const HEADER_BYTES = 2;

/**
 * Overwrites metadata in a coded image: NAL units, each after its length (ISO/IEC 14496-15, 4.3.2). Slices and parameter
 * sets stay as they are.
 * @param lengthBytes how many bytes a length takes
 * @throws ContentRejectedError image_damaged when a unit does not fit, or is of a type that no image needs
 */
export function stripNalUnits(data: Buffer, lengthBytes: number): void {
  if (data.length === 0) throw damagedImage('its image is empty');
  for (let at = 0; at < data.length; ) {
    const start = at + lengthBytes;
    if (start > data.length) throw damagedImage('a unit of its image has no length');
    const end = start + data.readUIntBE(at, lengthBytes);
    if (end > data.length) throw damagedImage('a unit of its image does not fit');
    stripNalUnit(data.subarray(start, end));
    at = end;
  }
}

/**
 * Overwrites metadata in one NAL unit.
 * @throws ContentRejectedError image_damaged
 */
export function stripNalUnit(unit: Buffer): void {
  const type = nalType(unit);
  if (SEI.has(type)) stripSei(unit);
  else if (type === FILLER) overwrite(unit, HEADER_BYTES, unit.length - 1);
  else if (!isKept(type, unit.length)) throw damagedImage(`a unit of type ${type} is not part of an image`);
}

/**
 * The type of a NAL unit (ITU-T H.265, 7.3.1.2).
 * @throws ContentRejectedError image_damaged when it has no whole header
 */
export function nalType(unit: Buffer): number {
  if (unit.length < HEADER_BYTES) throw damagedImage('a unit of its image has no header');
  return unit.readUInt8(0) >> 1; // above 63 when the bit is set that must not be
}

/** Slices, parameter sets, and marks between images, which have hardly any content. */
function isKept(type: number, length: number): boolean {
  const isSlice = type <= 9 || (type >= 16 && type <= 21);
  if (type === DELIMITER) return length <= HEADER_BYTES + 1;
  if (type === END_OF_SEQUENCE || type === END_OF_STREAM) return length === HEADER_BYTES;
  return isSlice || PARAMETER_SETS.has(type);
}
