import { damagedImage } from '../../image-rejections.ts';
import { ApplicationData, isApplicationData } from './application-data.ts';
import { withEndMarker } from './cleaned.ts';
import { isFrame, type JpegFrame, readFrame } from './frame.ts';
import { readScan, scanHeader } from './scans.ts';
import { END_MARKER, JPEG_MARKER, type JpegSegment, jpegSegments } from './segments.ts';
import { isTable } from './tables.ts';

const START = Buffer.from([0xff, 0xd8]);

/**
 * The pieces of a JPEG without its metadata, the coded pixels as they are: of application data only what changes how the
 * image is shown, written anew; no comments; no bytes between segments; nothing after the end marker, where phones put
 * films, depth maps and further images. A missing end marker is added if the pixels are complete.
 *
 * Every other segment must be what its marker says. Else text behind a wrong marker would pass for a table.
 *
 * @throws ContentRejectedError image_damaged; image_too_complex for codings that browsers do not show;
 * metadata_too_large
 */
export function* strippedJpeg(sent: Buffer): Generator<Uint8Array> {
  const file = withEndMarker(sent);
  const data = new ApplicationData(file);
  // Application data may still follow them.
  const tables: Uint8Array[] = [];
  let frame: JpegFrame | undefined;
  let hasScan = false;
  for (const segment of jpegSegments(file)) {
    if (isApplicationData(segment)) {
      // After a scan no decoder looks for it.
      if (!hasScan) data.add(segment);
    } else if (segment.marker === JPEG_MARKER.SOS) {
      if (frame === undefined) throw damagedImage('it has no frame');
      if (!hasScan) yield* [START, ...data.segments(frame), ...tables];
      hasScan = true;
      const scan = readScan(file, segment, frame);
      yield scanHeader(scan);
      yield file.subarray(segment.dataEnd, segment.end);
    } else if (segment.marker === JPEG_MARKER.EOI) {
      if (!hasScan || frame === undefined) throw damagedImage('it has no pixels');
      yield END_MARKER;
    } else {
      frame = checked(file, segment, frame);
      const piece = file.subarray(segment.start, segment.end);
      if (hasScan) yield piece;
      else tables.push(piece);
    }
  }
}

/** The frame, once the segment is known to be one or a table. */
function checked(file: Buffer, segment: JpegSegment, frame: JpegFrame | undefined): JpegFrame | undefined {
  if (frame === undefined && isFrame(segment)) return readFrame(file, segment);
  if (!isTable(file, segment)) throw damagedImage('a segment is not what its marker says');
  return frame;
}
