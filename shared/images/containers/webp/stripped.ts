import { neededWebp } from './needed-chunks.ts';

/**
 * The pieces of a WebP without its metadata, pixels and frames as they are. Also without its orientation, which browsers
 * ignore: the image stays as it is stored.
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function strippedWebp(file: Buffer): Generator<Uint8Array> {
  return neededWebp(file, { frames: 'all', keepOrientation: false });
}
