import { type ExifOrientation, readOrientation, writeOrientation } from '../../exif-orientation.ts';
import { damagedImage } from '../../image-rejections.ts';

/**
 * One marker segment (ITU-T T.81, B.1): `FF marker length data`, its data being `[start + 4, dataEnd)`. Between
 * `dataEnd` and `end` stand the coded pixels of a scan; after any other segment these are the same place.
 */
export interface JpegSegment {
  readonly marker: number;
  readonly start: number;
  readonly dataEnd: number;
  readonly end: number;
}

/** The second byte of the markers this product tells apart. */
export const JPEG_MARKER = {
  EOI: 0xd9,
  SOS: 0xda,
  APP0: 0xe0,
  APP1: 0xe1,
  APP2: 0xe2,
  APP14: 0xee,
  APP15: 0xef,
  COM: 0xfe,
} as const;

/** How the data of the segments that matter begins (JFIF 1.02; Adobe's technical note 5116; Exif 2.32). */
export const JFIF = 'JFIF\0';
export const ADOBE = 'Adobe';
const EXIF = 'Exif\0\0';

/**
 * All segments after the start marker, up to and with the end marker.
 * @throws ContentRejectedError image_damaged when the end marker is missing or something else than a segment stands there
 */
export function* jpegSegments(file: Buffer): Generator<JpegSegment> {
  for (let at = 2; ; ) {
    const start = skipFill(file, at);
    const marker = file[start + 1];
    if (marker === undefined) throw damagedImage('it ends before its end marker');
    if (marker === JPEG_MARKER.EOI) return yield { marker, start, dataEnd: start + 2, end: start + 2 };
    const dataEnd = start + 2 + (start + 4 <= file.length ? file.readUInt16BE(start + 2) : 0);
    if (dataEnd < start + 4 || dataEnd > file.length) throw damagedImage('a segment has no room for its length');
    const end = marker === JPEG_MARKER.SOS ? endOfScan(file, dataEnd) : dataEnd;
    yield { marker, start, dataEnd, end };
    at = end;
  }
}

/** Where the `FF` that belongs to a marker stands; any number of them may come before it. */
function skipFill(file: Buffer, at: number): number {
  if (file[at] !== 0xff) throw damagedImage('it ends before its end marker, or bytes stand between its segments');
  let start = at;
  while (file[start + 1] === 0xff) start += 1;
  return start;
}

/** Coded pixels end at the first marker that is neither a stuffed zero nor a restart. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at !== -1; at = file.indexOf(0xff, at)) {
    const next = file[at + 1] ?? 0;
    if (next === 0xff) at += 1;
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
    else return at;
  }
  return file.length;
}

/** Application data and comments. */
export function isMetadata({ marker }: JpegSegment): boolean {
  return (marker >= JPEG_MARKER.APP0 && marker <= JPEG_MARKER.APP15) || marker === JPEG_MARKER.COM;
}

/** A part of the colour profile, which may need several. */
export function isProfile(file: Buffer, segment: JpegSegment): boolean {
  return isApplication(file, segment, JPEG_MARKER.APP2, 'ICC_PROFILE\0');
}

export function isExif(file: Buffer, segment: JpegSegment): boolean {
  return isApplication(file, segment, JPEG_MARKER.APP1, EXIF);
}

/** Whether the segment is application data that begins with the name of its kind. */
export function isApplication(file: Buffer, segment: JpegSegment, marker: number, name: string): boolean {
  if (segment.marker !== marker) return false;
  const dataStart = segment.start + 4;
  return file.toString('latin1', dataStart, Math.min(dataStart + name.length, segment.dataEnd)) === name;
}

/** The orientation in an Exif segment, 1 if there is none. */
export function orientationOf(file: Buffer, { start, dataEnd }: JpegSegment): ExifOrientation {
  return readOrientation(file.subarray(start + 4, dataEnd));
}

/** An Exif segment that says nothing but the orientation. */
export function orientationSegment(orientation: ExifOrientation): Buffer {
  return jpegSegment(JPEG_MARKER.APP1, Buffer.concat([Buffer.from(EXIF, 'latin1'), writeOrientation(orientation)]));
}

/** A segment with its marker and length, ready to be written. */
export function jpegSegment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}
