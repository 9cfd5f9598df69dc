import { checkScans } from './scan-limits.ts';
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
