import sharp, { type Metadata, type ResizeOptions, type Sharp } from 'sharp';
import type { PixelSquare } from './crop.ts';
import type { AvatarContentType } from './formats.ts';
import { IMAGE_LIMITS } from './image-limits.ts';
import { damagedImage } from './image-rejections.ts';

/*
 * The only module that knows sharp. Its settings hold for the whole process, so they are made here, once, before any
 * picture is opened.
 *
 * One thread a picture and no cache: six small outputs gain nothing from more, and a worker has one picture at a time.
 * Every loader is blocked but five: libvips chooses by content, and an SVG named .png would otherwise be rendered by a
 * library that reads other files and never ends.
 */
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});

/** What the decoder makes of a file's header. Width and height in pixels, upright, of the first frame. */
export interface DecodedHeader {
  /** Undefined: of no type this product accepts. */
  readonly contentType: AvatarContentType | undefined;
  readonly width: number;
  readonly height: number;
  readonly colours: ColourModel;
}

/**
 * How the colours of a file become sRGB, where the library does not do it by itself: `inks` without a profile, which
 * browsers multiply; `deep`: 16 bits a channel with a profile; `deep grey`: the same in shades of grey.
 */
export type ColourModel = 'ordinary' | 'inks' | 'deep' | 'deep grey';

/** Uncompressed sRGB, 8 bits a channel, rows from the top; 3 channels, or 4 with alpha last (not premultiplied). */
export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * Reads the header; no pixel is decoded and no memory reserved for one.
 * @throws ContentRejectedError image_damaged
 */
export async function decodeHeader(file: Uint8Array): Promise<DecodedHeader> {
  const header = await orDamaged(sharp(file, { failOn: 'warning', limitInputPixels: false }).metadata());
  const { width, height } = header.autoOrient;
  return { contentType: CONTENT_TYPES[header.format], width, height, colours: coloursOf(header) };
}

function coloursOf({ space, hasProfile }: Metadata): ColourModel {
  if (space === 'cmyk') return hasProfile ? 'ordinary' : 'inks';
  if (!hasProfile) return 'ordinary';
  if (space === 'rgb16') return 'deep';
  return space === 'grey16' ? 'deep grey' : 'ordinary';
}

/**
 * Decodes the first frame, turned upright, through `pipeline`; shrinks while decoding where the format can.
 * @throws ContentRejectedError image_damaged, also for what other decoders only warn about
 */
export async function decodePixels(
  file: Uint8Array,
  colours: ColourModel,
  pipeline: (image: Sharp) => Sharp,
): Promise<Pixels> {
  const image = sharp(file, { failOn: 'warning', limitInputPixels: IMAGE_LIMITS.jpegPixels }).autoOrient();
  return orDamaged(TO_SRGB[colours](pipeline(image)));
}

/** The same for an image whose colours are multiplied by their opacity already. */
export async function decodePremultiplied(file: Uint8Array, pipeline: (image: Sharp) => Sharp): Promise<Pixels> {
  const { data, width, height, channels } = await decodePixels(file, 'ordinary', (image) => image);
  return toPixels(pipeline(sharp(data, { raw: { width, height, channels, premultiplied: channels === 4 } })));
}

const TO_SRGB: Readonly<Record<ColourModel, (image: Sharp) => Promise<Pixels>>> = {
  ordinary: toPixels,
  async inks(image) {
    const inks = image.pipelineColourspace('cmyk').toColourspace('cmyk');
    const { data, info } = await inks.raw().toBuffer({ resolveWithObject: true });
    return { data: withoutInks(data), width: info.width, height: info.height, channels: 3 };
  },
  // Without an explicit output profile, the library converts to Display P3 and returns that as sRGB.
  deep: (image) => toPixels(image.withIccProfile('srgb')),
  // The library ignores the profile of such an image, but not that of one with 8 bits.
  async 'deep grey'(image) {
    const shallow = image.keepIccProfile().toColourspace('b-w').png({ compressionLevel: 0 });
    return toPixels(sharp(await shallow.toBuffer()));
  },
};

/** Cyan, magenta, yellow and black, 255 as much as can be, as light. */
function withoutInks(inks: Buffer): Buffer {
  const rgb = Buffer.alloc((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const black = 255 - (inks[from + 3] ?? 0);
    for (let ink = 0; ink < 3; ink++) rgb[to + ink] = Math.round(((255 - (inks[from + ink] ?? 0)) * black) / 255);
  }
  return rgb;
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
}

/** `pixels` scaled to a square of `side` pixels. */
export function scalePixels(pixels: Pixels, side: number): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize(side, side));
}

/** `pixels` scaled down until they fit into a square of `side` pixels; never up. */
export function shrinkPixels(pixels: Pixels, side: number): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize(insideSquare(side)));
}

/** For `resize`: the whole picture, no side of it longer than `side`, never enlarged. */
export function insideSquare(side: number): ResizeOptions {
  return { width: side, height: side, fit: 'inside', withoutEnlargement: true };
}

/** The square cut out of `pixels`. */
export function cutPixels(pixels: Pixels, { left, top, side }: PixelSquare): Promise<Pixels> {
  const region = { left, top, width: side, height: side };
  return toPixels(fromPixels(pixels).extract(region));
}

/**
 * How closely an encoding follows its pixels. `fine` is for the smallest images, in which each pixel counts and whose
 * files are small whatever the quality.
 */
export type Fidelity = 'usual' | 'fine';

/** WebP without metadata. Effort 2: a fifth faster than the default 4, for 1 % more bytes. */
export function encodeWebp(pixels: Pixels, fidelity: Fidelity = 'usual'): Promise<Buffer> {
  const options = fidelity === 'fine' ? { quality: 90, smartSubsample: true } : { quality: 80, effort: 2 };
  return fromPixels(pixels).webp(options).toBuffer();
}

/**
 * JPEG without metadata, on white. Without mozjpeg, which takes longer than the rest of the job. A usual one is
 * progressive and has half the colours each way; in a fine one, which is smaller than the headers of more scans, each
 * pixel has its own.
 */
export function encodeJpeg(pixels: Pixels, fidelity: Fidelity = 'usual'): Promise<Buffer> {
  const options =
    fidelity === 'fine' ? { quality: 90, chromaSubsampling: '4:4:4' } : { quality: 80, progressive: true };
  return fromPixels(pixels)
    .flatten({ background: '#ffffff' })
    .jpeg({ mozjpeg: false, ...options })
    .toBuffer();
}

function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** `heif` is AVIF here: HEIC is refused before the decoder sees it (avif-boxes.ts). */
const CONTENT_TYPES: Readonly<Record<string, AvatarContentType>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  heif: 'image/avif',
};

async function orDamaged<T>(decoding: Promise<T>): Promise<T> {
  try {
    return await decoding;
  } catch (error) {
    throw damagedImage('it cannot be decoded', { cause: error });
  }
}
