import { ContentRejectedError } from '../errors.ts';
import { bufferOf } from './buffer-of.ts';
import { CONTAINERS } from './containers/containers.ts';
import { joinPieces } from './containers/join-pieces.ts';
import type { ImageType } from './formats.ts';
import { sniffImageType } from './image-signature.ts';

/**
 * The image without Exif, XMP, IPTC, comments, thumbnails and whatever else is not needed to show it. Nothing is encoded
 * again: the pixels are the same, and so are frames, colours and orientation. Only what is known to be needed
 * stays; a colour profile is rebuilt, and coded pixels are not looked into. Stripping twice is stripping once.
 *
 * May share memory with `bytes`, which stay as they are.
 *
 * @throws ContentRejectedError metadata_not_strippable when the file breaks the rules of its format, or has parts that
 * this product does not know and cannot leave out
 */
export function stripMetadata(bytes: Uint8Array, type: ImageType): Uint8Array {
  const file = bufferOf(bytes);
  if (sniffImageType(file) !== type) throw notStrippable(`the file is no ${type}`);
  try {
    return joinPieces(CONTAINERS[type].stripped(file));
  } catch (error) {
    if (error instanceof ContentRejectedError) throw notStrippable(error.message, { cause: error });
    throw error;
  }
}

function notStrippable(why: string, options?: ErrorOptions): ContentRejectedError {
  return new ContentRejectedError('metadata_not_strippable', `the metadata cannot be removed: ${why}`, options);
}
