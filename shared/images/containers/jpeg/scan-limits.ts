import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { tooManyPixels } from '../../image-rejections.ts';
import { isFrame, readFrame } from './frame.ts';
import { JPEG_MARKER, jpegSegments } from './segments.ts';

/**
 * Decoders, and whatever follows the codes, pass over the whole image once for each scan.
 * @throws ContentRejectedError image_too_complex, too_many_pixels
 */
export function checkScans(file: Buffer): void {
  let pixels = 0;
  let scans = 0;
  for (const segment of jpegSegments(file)) {
    if (segment.marker === JPEG_MARKER.SOS) scans += 1;
    if (pixels === 0 && isFrame(segment)) {
      const { width, height } = readFrame(file, segment);
      pixels = width * height;
      if (pixels > IMAGE_LIMITS.jpegPixels) throw tooManyPixels(width, height, IMAGE_LIMITS.jpegPixels);
    }
    if (scans > IMAGE_LIMITS.jpegScans || scans * pixels > IMAGE_LIMITS.jpegScannedPixels) throw tooManyScans(scans);
  }
}

function tooManyScans(scans: number): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the JPEG has ${scans} scans or more, too many for its size`);
}
