import type { Crop } from '../../shared/images/formats.ts';
import { gridOfOneTile } from '../fixtures/derived-avif.ts';
import { pressProfile } from '../fixtures/honest-profiles.ts';
import {
  avifClaimingTooMuch,
  avifWithFrames,
  heicFile,
  heicNamedAvif,
  jpegWithExifBomb,
  jpegWithProfile,
  jpegWithScans,
  OTHER_FILES,
  pngClaiming,
  pngWithProfile,
  pngWithTextBombs,
  SVG_FILES,
  webpWithFrames,
  webpWithProfile,
} from '../fixtures/hostile-files.ts';
import {
  animatedAvifOfFrames,
  avifOfBoxes,
  gifOfFrames,
  heicOfEscapes,
  heicOfItems,
  heicOfMessages,
  heicOfUnits,
  jpegOfSegments,
  jpegOfTables,
  pngOfChunks,
  webpOfFrames,
} from '../fixtures/largest-attachments.ts';
import {
  interlacedDeepPng,
  jpegOf64Scans,
  largestGif,
  largestJpeg,
  largestWebp,
  noisyAvif,
} from '../fixtures/largest-pictures.ts';
import { PROFILE_BOMBS } from '../fixtures/profile-bombs.ts';
import { imageWithProfile } from '../fixtures/profiled-images.ts';

/*
 * The files that cost most to look at, and what becomes of each. One table for the test of what becomes of them and for
 * the benchmark of what that takes.
 */

/** A row: what it is, what becomes of it, how it is made, and how it is cropped. */
type CostlyFile = readonly [
  what: string,
  outcome: string,
  make: () => Uint8Array | Promise<Uint8Array>,
  crop?: Crop | undefined,
];

const SMALL_CROP: Crop = { x: 0.7, y: 0.7, size: 0.001 };

const SVGS = Object.entries(SVG_FILES).map(([name, file]) => [`SVG ${name}`, 'svg_unsupported', () => file] as const);
const OTHERS = Object.entries(OTHER_FILES).map(([name, file]) => [name, 'type_not_allowed', () => file] as const);

/** Avatars, which are inspected and rendered. */
export const AVATARS: readonly CostlyFile[] = [
  ['a JPEG of 120 megapixels in 24 scans', 'rendered', largestJpeg],
  ['a small crop of a JPEG of 120 megapixels', 'rendered', largestJpeg, SMALL_CROP],
  ['a JPEG of 45 megapixels in 64 scans', 'rendered', jpegOf64Scans],
  ['an interlaced PNG of 67 megapixels and 16 bits', 'rendered', interlacedDeepPng],
  ['a small crop of an interlaced PNG of 67 megapixels', 'rendered', interlacedDeepPng, SMALL_CROP],
  ['a WebP of 67 megapixels', 'rendered', largestWebp],
  ['a GIF of 67 megapixels', 'rendered', largestGif],
  ['an AVIF of 26 megapixels of noise with alpha', 'rendered', () => noisyAvif()],
  ['a small crop of an AVIF of 26 megapixels', 'rendered', () => noisyAvif(), SMALL_CROP],
  ['a PNG with 20 compressed texts of 32 MiB', 'rendered', pngWithTextBombs],
  ['a PNG with a profile of 100 MB', 'metadata_too_large', () => pngWithProfile(100_000_000)],
  ['a PNG with the largest profile', 'rendered', () => pngWithProfile(4_194_304)],
  ['a JPEG with a press profile of 4 MB', 'rendered', () => imageWithProfile('CMYK', pressProfile(28))],
  ['a PNG that claims 50,000 x 50,000 pixels', 'too_many_pixels', () => pngClaiming(50_000, 50_000)],
  ['a PNG that claims 67 megapixels and has none', 'image_damaged', () => pngClaiming(8_192, 8_192)],
  ['a JPEG with a profile of 5 MB', 'metadata_too_large', () => jpegWithProfile(5_000_000)],
  ['a JPEG of 65 scans', 'image_too_complex', () => jpegWithScans(65)],
  ['a JPEG of 64 scans, most of them the same', 'image_damaged', () => jpegWithScans(64)],
  ['a JPEG with an Exif bomb', 'rendered', jpegWithExifBomb],
  ['a WebP of 20,000 frames', 'rendered', () => webpWithFrames(20_000)],
  ['a WebP with a profile of 5 MB', 'metadata_too_large', () => webpWithProfile(5_000_000)],
  ['an AVIF that claims 27 megapixels', 'too_many_pixels', () => avifClaimingTooMuch('picture')],
  ['an AVIF that claims 27 megapixels for another item', 'too_many_pixels', () => avifClaimingTooMuch('another')],
  ['an AVIF of 5 frames', 'image_too_complex', () => avifWithFrames(5)],
  ['an AVIF of 4 frames', 'rendered', () => avifWithFrames(4)],
  ['an AVIF that names one tile 1,000 times', 'image_too_complex', () => gridOfOneTile(1_000)],
  ...PROFILE_BOMBS.map(([what, make]) => [what, 'rendered', make] as const),
  ['HEIC', 'heic_unsupported', heicFile],
  ['HEIC that calls itself AVIF', 'heic_unsupported', heicNamedAvif],
  ['a text made against the search for SVG', 'type_not_allowed', () => Buffer.from(`${'<!---->'.repeat(9_000)}<`)],
  ...SVGS,
  ...OTHERS,
];

/** The largest attachments whose metadata is removed. */
export const ATTACHMENTS: readonly CostlyFile[] = [
  ['a JPEG of 13 million segments', 'metadata_not_strippable', jpegOfSegments],
  ['a PNG of 5 million chunks', 'metadata_not_strippable', pngOfChunks],
  ['a WebP of 800,000 frames', 'metadata_not_strippable', webpOfFrames],
  ['a JPEG of 3 million tables without an end marker', 'stripped and described', jpegOfTables],
  ['a JPEG of the most scans without an end marker', 'stripped and described', () => largestJpeg().subarray(0, -2)],
  ['a GIF of 3 million frames', 'stripped and described', gifOfFrames],
  ['an AVIF with 8 million boxes after it', 'stripped and described', avifOfBoxes],
  ['a HEIC of 11 million units', 'stripped', heicOfUnits],
  ['a HEIC of 33 million messages', 'stripped', heicOfMessages],
  ['a HEIC of escapes', 'stripped', heicOfEscapes],
  ['a HEIC of 9,600 tiles', 'stripped', heicOfItems],
  ['an animated AVIF of 100,000 frames', 'stripped', animatedAvifOfFrames],
  ...PROFILE_BOMBS.map(([what, make]) => [what, 'stripped and described', make] as const),
  ['an AVIF of 26 megapixels in 17 MB', 'stripped and described', () => noisyAvif(40)],
  ['an AVIF of 26 megapixels in 25 MB', 'stripped', () => noisyAvif(50)],
];
