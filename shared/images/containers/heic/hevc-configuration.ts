import { damagedImage } from '../../image-rejections.ts';
import { bigEndianReader } from '../isobmff/big-endian-reader.ts';
import { nalType, PARAMETER_SETS, SEI, stripNalUnit } from './nal-units.ts';

/** Bytes before the count of arrays. */
const FIXED_BYTES = 22;

/**
 * Overwrites metadata in the content of an `hvcC` property (ISO/IEC 14496-15, 8.3.3.1), and returns how many of its bytes
 * mean something.
 * @throws ContentRejectedError image_damaged
 */
export function stripConfiguration(content: Buffer): number {
  const { read, skip, position } = bigEndianReader(content);
  skip(FIXED_BYTES);
  for (let arrays = read(1); arrays > 0; arrays--) {
    const type = read(1) & 0x3f;
    for (let units = read(2); units > 0; units--) {
      const start = position() + 2;
      const end = start + read(2);
      skip(end - start);
      const unit = content.subarray(start, end);
      const isKnown = PARAMETER_SETS.has(type) || SEI.has(type);
      if (!isKnown || nalType(unit) !== type) throw damagedImage('its HEVC configuration is something else');
      stripNalUnit(unit);
    }
  }
  return position();
}

/**
 * How many bytes the length of a NAL unit takes: 1, 2 or 4.
 * @throws ContentRejectedError image_damaged
 */
export function lengthBytesOf(content: Buffer): number {
  const lengthBytes = ((content[FIXED_BYTES - 1] ?? 2) & 3) + 1;
  if (lengthBytes === 3) throw damagedImage('its HEVC configuration has no length of units');
  return lengthBytes;
}
