import { ContentRejectedError } from '../errors.ts';
import { decodeImage } from './decode-image.ts';
import { encodeWebp, insideSquare, shrinkPixels } from './decoder.ts';
import { sniffImageType } from './image-signature.ts';
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
  /** Base64. */
  readonly thumbHash: string;
  /** WebP, upright, sRGB, without metadata; of an animation the first frame. Fits 640 x 640, never enlarged. */
  readonly preview: { readonly bytes: Buffer; readonly width: number; readonly height: number };
}

/**
 * Describes a picture, within the limits that avatars have. Undefined for what cannot be decoded safely: it may be sent
 * all the same, only nothing is shown of it before it is opened.
 */
export async function describeImage(bytes: Uint8Array): Promise<ImageDescription | undefined> {
  try {
    const image = await inspectImage(asShown(bytes));
    const { width, height } = image;
    const pixels = await decodeImage(image, (picture) => picture.resize(insideSquare(PREVIEW_SIDE)));
    const preview = { bytes: await encodeWebp(pixels), width: pixels.width, height: pixels.height };
    return { width, height, thumbHash: thumbHashOf(await shrinkPixels(pixels, HASH_SIDE)), preview };
  } catch (error) {
    if (error instanceof ContentRejectedError) return undefined;
    throw error;
  }
}

/** Browsers turn a JPEG, a PNG and an AVIF upright, but not a WebP. */
function asShown(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return sniffImageType(file) === 'image/webp' ? stripMetadata(file, 'image/webp') : file;
}
