import { damagedImage } from '../../image-rejections.ts';
import { type Box, keepStart } from '../isobmff/boxes.ts';

/** A header begins with version, flags and times, and somewhere says a duration. */
interface Header {
  /** Bytes up to the end of the duration in version 0; in version 1 two times and the duration take 4 bytes more each. */
  readonly durationEnd: number;
  /** Bytes behind the duration. */
  readonly rest: number;
  /** Bytes that mean nothing, counted from the end of the duration. */
  readonly reserved: readonly (readonly [start: number, end: number])[];
}

/** ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2. In films of QuickTime some reserved bytes are times. */
const HEADERS: Readonly<Record<string, Header>> = {
  mvhd: {
    durationEnd: 20,
    rest: 80,
    reserved: [
      [6, 16],
      [52, 76],
    ],
  },
  tkhd: {
    durationEnd: 24,
    rest: 60,
    reserved: [
      [0, 8],
      [14, 16],
    ],
  },
  mdhd: { durationEnd: 20, rest: 4, reserved: [[0, 4]] },
};

/** `und`, for no language: three letters of 5 bits (ISO/IEC 14496-12, 8.4.2.3). */
const UNDETERMINED = 0x55c4;

/**
 * Zeros the times in a header of a film, a track or its media, and what is reserved; the language becomes unknown.
 * @throws ContentRejectedError image_damaged
 */
export function clearHeader(file: Buffer, box: Box): void {
  const header = HEADERS[box.type];
  const version = file[box.contentStart] ?? 2;
  if (header === undefined || version > 1) throw damagedImage(`the header "${box.type}" is unknown`);
  const durationEnd = header.durationEnd + 12 * version;
  keepStart(file, box, durationEnd + header.rest);
  file.fill(0, box.contentStart + 4, box.contentStart + 12 + 8 * version);
  for (const [start, end] of header.reserved) {
    file.fill(0, box.contentStart + durationEnd + start, box.contentStart + durationEnd + end);
  }
  if (box.type === 'mdhd') file.writeUInt16BE(UNDETERMINED, box.contentStart + durationEnd);
}
