import { ContentRejectedError } from '../errors.ts';
import { IMAGE_LIMITS } from './image-limits.ts';

/** For bytes that break the format's own rules, broken off in the middle included; `what` says which. */
export function damagedImage(what: string, options?: ErrorOptions): ContentRejectedError {
  return new ContentRejectedError('image_damaged', `the image is damaged: ${what}`, options);
}

const MOST_MIB = IMAGE_LIMITS.colourProfileBytes / 1024 ** 2;

/** For a colour profile beyond IMAGE_LIMITS. It cannot be dropped: the picture would show other colours. */
export function profileTooLarge(options?: ErrorOptions): ContentRejectedError {
  return new ContentRejectedError('metadata_too_large', `the colour profile has more than ${MOST_MIB} MiB`, options);
}

/** For pictures in HEVC, which are never decoded. */
export function heicUnsupported(): ContentRejectedError {
  return new ContentRejectedError('heic_unsupported', 'HEIC images are not accepted');
}

/** For a picture of more pixels than `limit`. */
export function tooManyPixels(width: number, height: number, limit: number): ContentRejectedError {
  const message = `${width} x ${height} pixels are more than ${limit} pixels`;
  return new ContentRejectedError('too_many_pixels', message);
}
