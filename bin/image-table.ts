import { IMAGE_LIMITS } from '../shared/images/image-limits.ts';

export const IMAGE_COLUMNS = ['File', 'As an avatar', 'As an attachment', 'Limits to decode it', 'Removed', 'Kept'];

const { jpegPixels, pixels, avifPixels, avifBytes, avifFrames, avifTiles } = IMAGE_LIMITS;
/** Up to here a JPEG may have all its scans. */
const FULL_SCANS_MEGAPIXELS = IMAGE_LIMITS.jpegScannedPixels / IMAGE_LIMITS.jpegScans / 1_000_000;
const PREVIEWED = 'metadata removed, size, ThumbHash, preview';

/** What is accepted, and what becomes of it. The limits are those that the code checks. */
export const IMAGE_ROWS: readonly (readonly string[])[] = [
  [
    'JPEG (baseline, extended, progressive; grey, colour, CMYK)',
    'yes',
    PREVIEWED,
    `${pixelCount(jpegPixels)}; ${IMAGE_LIMITS.jpegScans} scans, fewer above ${FULL_SCANS_MEGAPIXELS} megapixels; ${IMAGE_LIMITS.jpegSegments.toLocaleString('en')} segments`,
    'Exif, XMP, IPTC, comments, embedded thumbnails and further images, bytes between segments and after the end',
    'pixels, orientation, colour profile, density',
  ],
  [
    'PNG, APNG',
    'yes, the default image',
    PREVIEWED,
    pixelCount(pixels),
    'text, time, Exif but its orientation, unknown and faulty ancillary chunks, bytes after the end',
    'pixels, frames, transparency, orientation, colour profile, gAMA, cHRM, sRGB, cICP, density',
  ],
  [
    'WebP, animated too',
    'yes, the first frame, turned as its Exif says',
    `${PREVIEWED}; not turned, because browsers do not turn it`,
    pixelCount(pixels),
    'Exif with its orientation, XMP, unknown chunks, bytes after the end',
    'pixels, frames, alpha, colour profile',
  ],
  [
    'GIF, animated too',
    'yes, the first frame',
    PREVIEWED,
    pixelCount(pixels),
    'comments, text, application data but the number of rounds, frames that are cut off, bytes after the end',
    'pixels, frames, delays, rounds',
  ],
  [
    'AVIF, in layers or tiles too',
    'yes',
    PREVIEWED,
    `${pixelCount(avifPixels)}, all tiles together too; ${avifBytes / 1_000_000} MB; ${avifFrames} layers; ${avifTiles} tiles, each used once`,
    'Exif, XMP, names, thumbnails, depth maps, masks, user data in the coded images, bytes after the end',
    'pixels, alpha, gain map, `irot` and `imir`, crop, colour profile, `nclx`',
  ],
  [
    'Animated AVIF',
    'no: `image_too_complex`',
    'metadata removed, size',
    `${IMAGE_LIMITS.avifFilmFrames.toLocaleString('en')} frames; not decoded`,
    'as AVIF, and times, names and user data of its tracks',
    'frames, durations, the still image',
  ],
  ['HEIC', 'no: `heic_unsupported`', 'metadata removed, size', 'not decoded', 'as AVIF', 'as AVIF'],
  [
    'HEIC sequences, TIFF, JPEG XL and other images',
    'no: `heic_unsupported`, `type_not_allowed`',
    'with `keepMetadata` only, never public',
    '-',
    'nothing',
    'every byte',
  ],
  ['SVG', 'no: `svg_unsupported`', 'as a file to save', '-', 'nothing', 'every byte'],
  ['Video', 'no: `type_not_allowed`', 'never public', '-', 'nothing', 'every byte'],
  ['Sound and other files', 'no: `type_not_allowed`', 'yes', '-', 'nothing', 'every byte'],
];

function pixelCount(count: number): string {
  return `${count.toLocaleString('en')} pixels`;
}
