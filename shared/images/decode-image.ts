import type { Sharp } from 'sharp';
import { ContentRejectedError } from '../errors.ts';
import { bufferOf } from './buffer-of.ts';
import { withoutExtraneousBytes } from './containers/jpeg/cleaned.ts';
import { decodePixels, decodePremultiplied, type Pixels } from './decoder.ts';
import type { InspectedImage } from './inspect.ts';

type Pipeline = (image: Sharp) => Sharp;

/**
 * Decodes an inspected image through `pipeline`.
 * @throws ContentRejectedError image_damaged
 */
export function decodeImage(image: InspectedImage, pipeline: Pipeline): Promise<Pixels> {
  return image.contentType === 'image/jpeg' ? decodeJpeg(image, pipeline) : decodeOther(image, pipeline);
}

/** The decoder takes bytes that belong to no pixel for damage. Only if it does are they looked for, which takes a while. */
async function decodeJpeg({ bytes, colours }: InspectedImage, pipeline: Pipeline): Promise<Pixels> {
  try {
    return await decodePixels(bytes, colours, pipeline);
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
    const cleaned = withoutExtraneousBytes(bufferOf(bytes));
    if (cleaned === undefined) throw error;
    return decodePixels(cleaned, colours, pipeline);
  }
}

async function decodeOther({ bytes, colours, avif }: InspectedImage, pipeline: Pipeline): Promise<Pixels> {
  const pixels = avif?.isPremultiplied
    ? await decodePremultiplied(bytes, pipeline)
    : await decodePixels(bytes, colours, pipeline);
  return avif?.isLimitedGrey ? withFullRange(pixels) : pixels;
}

/** Black is 16 and white is 235 in the limited range. */
function withFullRange({ data, channels, ...size }: Pixels): Pixels {
  const stretched = data.map((value, index) => (index % 4 === 3 && channels === 4 ? value : fullRange(value)));
  return { data: Buffer.from(stretched), channels, ...size };
}

function fullRange(value: number): number {
  return Math.max(0, Math.min(255, Math.round(((value - 16) * 255) / 219)));
}
