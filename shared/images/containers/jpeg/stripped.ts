import { damagedImage } from '../../image-rejections.ts';
import {
  ADOBE,
  isApplication,
  isExif,
  isMetadata,
  isProfile,
  JFIF,
  JPEG_MARKER,
  type JpegSegment,
  jpegSegment,
  jpegSegments,
  orientationOf,
  orientationSegment,
} from './segments.ts';

/**
 * The pieces of a JPEG without its metadata, the coded pixels as they are: no application data but JFIF, Adobe's colour
 * transform, the colour profile and an Exif of orientation alone; no comments; nothing after the first end marker, where
 * phones put films, depth maps and further pictures.
 *
 * Every other segment must be what its marker says. Else text behind a wrong marker would pass for a table.
 *
 * @throws ContentRejectedError image_damaged, also for codings that browsers do not show
 */
export function* strippedJpeg(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, 2);
  const seen = new Set<number>();
  let hasFrame = false;
  for (const segment of jpegSegments(file)) {
    if (isMetadata(segment)) {
      // After a scan nobody looks for it.
      if (!seen.has(JPEG_MARKER.SOS)) yield* neededMetadata(file, segment, seen);
      continue;
    }
    if (!isPartOfPicture(file, segment, hasFrame)) throw damagedImage('a segment is not what its marker says');
    hasFrame ||= FRAMES.has(segment.marker);
    seen.add(segment.marker);
    yield file.subarray(segment.start, segment.end);
  }
}

/** Baseline, extended and progressive, all with Huffman codes. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2]);

/** The first segment of each kind, but of the colour profile all: it may need several. */
function* neededMetadata(file: Buffer, segment: JpegSegment, seen: Set<number>): Generator<Uint8Array> {
  const { marker, start, end } = segment;
  if (isProfile(file, segment)) return yield file.subarray(start, end);
  if (seen.has(marker)) return; // each kind has a marker of its own
  const data = file.subarray(start + 4, end);
  if (isApplication(file, segment, JPEG_MARKER.APP0, JFIF) && data.length >= 14) {
    seen.add(marker);
    yield jpegSegment(marker, Buffer.concat([data.subarray(0, 12), NO_THUMBNAIL]));
  } else if (isApplication(file, segment, JPEG_MARKER.APP14, ADOBE) && data.length >= 12) {
    seen.add(marker);
    yield jpegSegment(marker, Buffer.concat([ADOBE_HEAD, data.subarray(11, 12)]));
  } else if (isExif(file, segment)) {
    seen.add(marker);
    const orientation = orientationOf(file, segment);
    if (orientation !== 1) yield orientationSegment(orientation);
  }
}

/** Its columns and rows. */
const NO_THUMBNAIL = Buffer.alloc(2);
/** Version 100 and no flags; the colour transform follows. */
const ADOBE_HEAD = Buffer.from(`${ADOBE}\0\x64\0\0\0\0`, 'latin1');

/** ITU-T T.81, B.2.2 to B.2.5. */
function isPartOfPicture(file: Buffer, { marker, start, dataEnd }: JpegSegment, hasFrame: boolean): boolean {
  const data = file.subarray(start + 4, dataEnd);
  switch (marker) {
    case JPEG_MARKER.EOI:
      return hasFrame;
    case 0xc4:
      return isFilled(data, huffmanTableBytes);
    case 0xdb:
      return isFilled(data, quantizationTableBytes);
    case 0xdc: // number of lines
    case 0xdd: // restart interval
      return data.length === 2;
    case JPEG_MARKER.SOS:
      return hasFrame && hasComponents(data, { countAt: 0, others: 4, each: 2 });
    default:
      return FRAMES.has(marker) && !hasFrame && hasComponents(data, { countAt: 5, others: 6, each: 3 });
  }
}

/** Components that decoders take: four inks at most. */
const MOST_COMPONENTS = 4;

function hasComponents(data: Buffer, size: { countAt: number; others: number; each: number }): boolean {
  const count = data[size.countAt] ?? 0;
  return count >= 1 && count <= MOST_COMPONENTS && data.length === size.others + size.each * count;
}

/** Whether the data is tables from its first byte to its last. */
function isFilled(data: Buffer, tableBytes: (data: Buffer, at: number) => number | undefined): boolean {
  let at = 0;
  while (at < data.length) {
    const bytes = tableBytes(data, at);
    if (bytes === undefined) return false;
    at += bytes;
  }
  return at === data.length;
}

/** A class and a destination, how many codes there are of each length, and what they stand for. */
function huffmanTableBytes(data: Buffer, at: number): number | undefined {
  const codes = data.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
  return isTableId(data.readUInt8(at)) ? 17 + codes : undefined;
}

/** A precision and a destination, then 64 numbers of one byte or two. */
function quantizationTableBytes(data: Buffer, at: number): number | undefined {
  const id = data.readUInt8(at);
  return isTableId(id) ? 1 + 64 * ((id >> 4) + 1) : undefined;
}

/** Two classes or precisions, four destinations. */
function isTableId(id: number): boolean {
  return id >> 4 <= 1 && (id & 0x0f) <= 3;
}
