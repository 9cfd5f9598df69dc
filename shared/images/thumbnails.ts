import { cropToPixels } from './crop.ts';
import { decodeImage } from './decode-image.ts';
import { cutPixels, encodeJpeg, encodeWebp, type Pixels, scalePixels } from './decoder.ts';
import { type Crop, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from './formats.ts';
import type { InspectedImage } from './inspect.ts';
import { thumbHashOf } from './thumb-hash.ts';

const LARGEST_FIRST = (Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][]).sort(([, a], [, b]) => b - a);
const LARGEST = Math.max(...Object.values(THUMBNAIL_SIZES));

/** Everything that is published of one picture. */
export interface RenderedAvatar {
  readonly files: Readonly<Record<ThumbnailSize, Readonly<Record<ThumbnailFormat, Buffer>>>>;
  /** Base64. */
  readonly thumbHash: string;
  /** Pixels of the picture it was made from, upright. */
  readonly width: number;
  readonly height: number;
}

/**
 * Renders every size in every format from one decode. All are exact squares, upright, sRGB and without metadata; a
 * smaller picture is enlarged. Transparency stays in WebP and becomes white in JPEG.
 *
 * Each size is made from the next larger one and encoded while the next smaller one is scaled. That is faster than
 * going back to the original and also the better picture: a 32 px thumbnail straight from a photo aliases.
 *
 * @param crop lies inside the picture (crop.ts, `isCropInside`). @default the largest square in the middle
 * @throws ContentRejectedError image_damaged
 */
export async function renderThumbnails(image: InspectedImage, crop?: Crop): Promise<RenderedAvatar> {
  let square = decodeSquare(image, crop);
  const encoding = LARGEST_FIRST.map(([size, side]) => {
    square = square.then((pixels) => (pixels.width === side ? pixels : scalePixels(pixels, side)));
    return square.then(async (pixels) => [size, await encode(pixels, size)] as const);
  });
  const files = Object.fromEntries(await Promise.all(encoding)) as RenderedAvatar['files'];
  return { files, thumbHash: thumbHashOf(await square), width: image.width, height: image.height };
}

/**
 * The square at the largest size, by the cheapest of three ways. A JPEG can be decoded at a half, a quarter or an eighth
 * of its size, but only if nothing is cut out before it is scaled, nor in the same pipeline that turns it upright.
 *
 * - A small square is cut out first: scaling the whole picture to fit it would not shrink the picture, or enlarge it
 *   beyond all limits.
 * - The middle is what scaling to a square leaves.
 * - Any other square is cut out of the scaled picture.
 */
async function decodeSquare(image: InspectedImage, crop: Crop | undefined): Promise<Pixels> {
  const target = LARGEST;
  const { left, top, side } = cropToPixels(crop, image);
  if (side < 2 * target) {
    const region = { left, top, width: side, height: side };
    return decodeImage(image, (picture) => picture.extract(region).resize(target, target));
  }
  if (crop === undefined) return decodeImage(image, (picture) => picture.resize(target, target));
  const scale = target / side;
  const width = Math.round(image.width * scale);
  const height = Math.round(image.height * scale);
  const scaled = await decodeImage(image, (picture) => picture.resize({ width, height, fit: 'fill' }));
  return cutPixels(scaled, {
    left: Math.min(Math.round(left * scale), width - target),
    top: Math.min(Math.round(top * scale), height - target),
    side: target,
  });
}

async function encode(pixels: Pixels, size: ThumbnailSize): Promise<Record<ThumbnailFormat, Buffer>> {
  const fidelity = size === 'small' ? 'fine' : 'usual';
  const [webp, jpg] = await Promise.all([encodeWebp(pixels, fidelity), encodeJpeg(pixels, fidelity)]);
  return { webp, jpg };
}
