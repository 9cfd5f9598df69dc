import { neededWebp } from './needed-chunks.ts';

/**
 * The pieces of a WebP that its first frame needs, with its orientation.
 * @throws ContentRejectedError image_damaged, metadata_too_large
 */
export function decodableWebp(file: Buffer): Generator<Uint8Array> {
  return neededWebp(file, { frames: 'first', keepOrientation: true });
}
