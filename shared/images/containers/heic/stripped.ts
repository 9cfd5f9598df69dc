import { strippedFile } from '../isobmff/stripped-file.ts';
import { HEVC_CODEC } from './hevc-codec.ts';

/**
 * A HEIC without its metadata: Exif, XMP, names, thumbnails, depth maps and masks are removed; tiles, alpha and gain maps
 * stay. In the coded images, messages that hold user data are overwritten. Nothing is decoded.
 * @throws ContentRejectedError image_damaged, also for films and for items, properties and units of unknown types
 */
export function* strippedHeic(file: Buffer): Generator<Uint8Array> {
  yield strippedFile(file, HEVC_CODEC);
}
