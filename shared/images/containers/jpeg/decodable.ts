import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { isFrame, readFrame } from './frame.ts';
import { JPEG_MARKER, jpegSegments } from './segments.ts';
import { strippedJpeg } from './stripped.ts';

/**
 * The pieces of a JPEG that a decoder needs: what is left without its metadata. A decoder passes over the whole image
 * once for each scan, so their number is limited.
 * @throws ContentRejectedError image_damaged, image_too_complex, metadata_too_large
 */
export function* decodableJpeg(file: Buffer): Generator<Uint8Array> {
  checkScans(file);
  yield* strippedJpeg(file);
}

function checkScans(file: Buffer): void {
  let pixels = 0;
  let scans = 0;
  for (const segment of jpegSegments(file)) {
    if (segment.marker === JPEG_MARKER.SOS) scans += 1;
    if (pixels === 0 && isFrame(segment)) {
      const { width, height } = readFrame(file, segment);
      pixels = width * height;
    }
    if (scans > IMAGE_LIMITS.jpegScans || scans * pixels > IMAGE_LIMITS.jpegScannedPixels) throw tooManyScans(scans);
  }
}

function tooManyScans(scans: number): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the JPEG has ${scans} scans or more, too many for its size`);
}
