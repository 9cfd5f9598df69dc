import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';

/**
 * One marker segment (ITU-T T.81, B.1): `FF marker length data`, its data being `[start + 4, dataEnd)`. The coded pixels
 * of a scan follow in `[dataEnd, end)`; for any other segment `end` equals `dataEnd`. The end marker has neither length
 * nor data.
 */
export interface JpegSegment {
  readonly marker: number;
  readonly start: number;
  readonly dataEnd: number;
  readonly end: number;
}

/** The second byte of each marker that matters here. */
export const JPEG_MARKER = {
  TEM: 0x01,
  DHT: 0xc4,
  RST0: 0xd0,
  RST7: 0xd7,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DNL: 0xdc,
  DRI: 0xdd,
  APP0: 0xe0,
  APP1: 0xe1,
  APP2: 0xe2,
  APP14: 0xee,
  APP15: 0xef,
  COM: 0xfe,
} as const;

/** Ready to be written. */
export const END_MARKER = Buffer.from([0xff, JPEG_MARKER.EOI]);

/**
 * All segments after the start marker, up to and with the end marker. Bytes between segments are skipped, as every
 * decoder does (libjpeg, `next_marker`). If the end marker is missing after a scan, the last segment is an empty one of
 * that type at the end of the file.
 * @throws ContentRejectedError image_damaged when the file ends before its first scan; image_too_complex for more
 * segments than IMAGE_LIMITS allow
 */
export function* jpegSegments(file: Buffer): Generator<JpegSegment> {
  let hasScan = false;
  let count = 0;
  for (let at = 2; ; ) {
    count += 1;
    if (count > IMAGE_LIMITS.jpegSegments) throw tooManySegments();
    const segment = segmentAt(file, nextMarker(file, at));
    if (segment === undefined && !hasScan) throw damagedImage('it ends before its pixels');
    yield segment ?? { marker: JPEG_MARKER.EOI, start: file.length, dataEnd: file.length, end: file.length };
    if (segment === undefined || segment.marker === JPEG_MARKER.EOI) return;
    hasScan ||= segment.marker === JPEG_MARKER.SOS;
    at = segment.end;
  }
}

/** Whether the segment stands for an end marker that the file does not have. */
export function isMissingEnd({ marker, start, end }: JpegSegment): boolean {
  return marker === JPEG_MARKER.EOI && start === end;
}

/** A segment with its marker and length, ready to be written. */
export function jpegSegment(marker: number, data: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** The index of the `FF` of the next marker. Any number of `FF` may precede it; markers without a segment are skipped. */
function nextMarker(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at !== -1; at = file.indexOf(0xff, at + 1)) {
    const marker = file[at + 1] ?? 0;
    const isAlone = marker === JPEG_MARKER.TEM || isRestart(marker);
    if (marker !== 0 && marker !== 0xff && !isAlone) return at;
  }
  return file.length;
}

/** Undefined when the segment does not fit into the file. */
function segmentAt(file: Buffer, start: number): JpegSegment | undefined {
  const marker = file[start + 1];
  if (marker === undefined) return undefined;
  if (marker === JPEG_MARKER.EOI) return { marker, start, dataEnd: start + 2, end: start + 2 };
  const dataEnd = start + 2 + (start + 4 <= file.length ? file.readUInt16BE(start + 2) : 0);
  if (dataEnd < start + 4 || dataEnd > file.length) return undefined;
  return { marker, start, dataEnd, end: marker === JPEG_MARKER.SOS ? endOfScan(file, dataEnd) : dataEnd };
}

/** Coded pixels end at the first marker that is neither a stuffed zero nor a restart. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at !== -1; at = file.indexOf(0xff, at)) {
    const next = file[at + 1];
    if (next === 0xff) at += 1;
    else if (next === 0 || (next !== undefined && isRestart(next))) at += 2;
    else return at;
  }
  return file.length;
}

export function isRestart(marker: number): boolean {
  return marker >= JPEG_MARKER.RST0 && marker <= JPEG_MARKER.RST7;
}

function tooManySegments(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the JPEG has more than ${IMAGE_LIMITS.jpegSegments} segments`);
}
