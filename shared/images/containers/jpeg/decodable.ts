import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { profileTooLarge } from '../../image-rejections.ts';
import {
  ADOBE,
  isApplication,
  isExif,
  isMetadata,
  isProfile,
  JFIF,
  JPEG_MARKER,
  type JpegSegment,
  jpegSegments,
  orientationOf,
  orientationSegment,
} from './segments.ts';

/**
 * The pieces of a JPEG that its picture needs, in order: no application data but JFIF, Adobe's colour transform, the
 * colour profile and the orientation; no comments; nothing after the end marker.
 *
 * @throws ContentRejectedError image_damaged, image_too_complex, metadata_too_large
 */
export function* decodableJpeg(file: Buffer): Generator<Uint8Array> {
  yield file.subarray(0, 2);
  let scans = 0;
  let profileBytes = 0;
  for (const segment of jpegSegments(file)) {
    if (segment.marker === JPEG_MARKER.SOS) scans += 1;
    if (scans > IMAGE_LIMITS.jpegScans) throw tooManyScans();
    if (!isMetadata(segment) || isColour(file, segment)) yield file.subarray(segment.start, segment.end);
    if (isExif(file, segment)) yield orientationSegment(orientationOf(file, segment));
    if (isProfile(file, segment)) profileBytes += segment.dataEnd - segment.start;
    if (profileBytes > IMAGE_LIMITS.colourProfileBytes) throw profileTooLarge();
  }
}

/** JFIF and Adobe's segment say what the components mean, the profile what the colours mean. */
function isColour(file: Buffer, segment: JpegSegment): boolean {
  return (
    isApplication(file, segment, JPEG_MARKER.APP0, JFIF) ||
    isApplication(file, segment, JPEG_MARKER.APP14, ADOBE) ||
    isProfile(file, segment)
  );
}

function tooManyScans(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the JPEG has more than ${IMAGE_LIMITS.jpegScans} scans`);
}
