import { ContentRejectedError } from '../errors.ts';
import { displayedSize } from './containers/isobmff/displayed-size.ts';
import { decodeImage } from './decode-image.ts';
import { encodeWebp, insideSquare, shrinkPixels } from './decoder.ts';
import type { ImageType } from './formats.ts';
import { inspectImage } from './inspect.ts';
import { stripMetadata } from './strip-metadata.ts';
import { thumbHashOf } from './thumb-hash.ts';

/** The longest side of a preview, and of what a ThumbHash is made from, in pixels. */
const PREVIEW_SIDE = 640;
const HASH_SIDE = 100;

/** What a page needs to know of a picture before its first byte arrives. */
export interface ImageDescription {
  /** Pixels of the picture, upright. */
  readonly width: number;
  readonly height: number;
  /** Base64. Only with a preview. */
  readonly thumbHash?: string;
  /**
   * Only of an image that can be decoded safely. WebP, upright, sRGB, without metadata; of an animation the first frame.
   * Fits 640 x 640, never enlarged.
   */
  readonly preview?: { readonly bytes: Buffer; readonly width: number; readonly height: number };
}

/**
 * Describes an image, within the limits that avatars have. Of a HEIC and of an animated AVIF, which are never decoded,
 * only the size. Undefined for what cannot be decoded safely: it may be sent all the same, only nothing is shown of it
 * before it is opened.
 */
export async function describeImage(bytes: Uint8Array, type: ImageType): Promise<ImageDescription | undefined> {
  if (type === 'image/heic') return displayedSize(bytes);
  try {
    return await decoded(asShown(bytes, type));
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
    return type === 'image/avif' && error.code === 'image_too_complex' ? displayedSize(bytes) : undefined;
  }
}

/** Browsers turn a JPEG, a PNG and an AVIF upright, but not a WebP. */
function asShown(bytes: Uint8Array, type: ImageType): Uint8Array {
  return type === 'image/webp' ? stripMetadata(bytes, type) : bytes;
}

async function decoded(bytes: Uint8Array): Promise<ImageDescription> {
  const image = await inspectImage(bytes);
  const { width, height } = image;
  const pixels = await decodeImage(image, (picture) => picture.resize(insideSquare(PREVIEW_SIDE)));
  const preview = { bytes: await encodeWebp(pixels), width: pixels.width, height: pixels.height };
  return { width, height, thumbHash: thumbHashOf(await shrinkPixels(pixels, HASH_SIDE)), preview };
}
