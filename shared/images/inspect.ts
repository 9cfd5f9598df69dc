import { ContentRejectedError } from '../errors.ts';
import { bufferOf } from './buffer-of.ts';
import { type AvifColours, avifColours } from './containers/avif/colours.ts';
import { CONTAINERS } from './containers/containers.ts';
import { joinPieces } from './containers/join-pieces.ts';
import { type ColourModel, decodeHeader } from './decoder.ts';
import type { AvatarContentType, ImageType } from './formats.ts';
import { IMAGE_LIMITS } from './image-limits.ts';
import { tooManyPixels } from './image-rejections.ts';
import { sniffImageType } from './image-signature.ts';

/** An upload that is a picture of an accepted type, within the limits, and whole as far as its container tells. */
export interface InspectedImage {
  /** What the decoder says it is, whatever it was declared to be. */
  readonly contentType: AvatarContentType;
  /** Pixels of the first frame, upright: after the orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** The parts of the upload that its first frame needs. Only these are safe to decode. */
  readonly bytes: Uint8Array;
  readonly colours: ColourModel;
  /** Only of an AVIF. */
  readonly avif?: AvifColours;
}

/**
 * Decides whether `bytes` may be decoded. Decodes no pixels itself: damage inside compressed pixels shows when they
 * are rendered, as the same image_damaged.
 *
 * @throws ContentRejectedError
 * - heic_unsupported, svg_unsupported: known types that are never decoded
 * - type_not_allowed: not JPEG, PNG, WebP, GIF or AVIF, whatever else it is
 * - image_damaged: broken off, or against the rules of its format
 * - too_many_pixels, image_too_complex, metadata_too_large: beyond IMAGE_LIMITS
 */
export async function inspectImage(bytes: Uint8Array): Promise<InspectedImage> {
  const file = bufferOf(bytes);
  const sniffed = acceptedType(file);
  if (sniffed === 'image/avif' && file.length > IMAGE_LIMITS.avifBytes) throw tooManyBytes();
  const decodable = joinPieces(CONTAINERS[sniffed].decodable(file));
  const { contentType, width, height, colours } = await decodeHeader(decodable);
  if (contentType !== sniffed) throw new ContentRejectedError('type_not_allowed', 'the file is not what it begins as');
  checkPixels({ contentType, width, height });
  return {
    contentType,
    width,
    height,
    colours,
    bytes: decodable,
    ...(sniffed === 'image/avif' && { avif: avifColours(bufferOf(decodable)) }),
  };
}

function acceptedType(file: Buffer): ImageType {
  const sniffed = sniffImageType(file);
  switch (sniffed) {
    case 'image/svg+xml':
      throw new ContentRejectedError('svg_unsupported', 'SVG drawings are not accepted');
    case undefined:
      throw new ContentRejectedError('type_not_allowed', 'the file is not a JPEG, PNG, WebP, GIF or AVIF picture');
    default:
      return sniffed;
  }
}

function tooManyBytes(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `the AVIF has more than ${IMAGE_LIMITS.avifBytes} bytes`);
}

function checkPixels({ contentType, width, height }: Pick<InspectedImage, 'contentType' | 'width' | 'height'>): void {
  const limit = MOST_PIXELS[contentType] ?? IMAGE_LIMITS.pixels;
  if (width * height > limit) throw tooManyPixels(width, height, limit);
}

const MOST_PIXELS: Readonly<Partial<Record<AvatarContentType, number>>> = {
  'image/jpeg': IMAGE_LIMITS.jpegPixels,
  'image/avif': IMAGE_LIMITS.avifPixels,
};
