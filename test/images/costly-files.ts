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
  tiledAvif,
  webpWithFrames,
  webpWithProfile,
} from '../fixtures/hostile-files.ts';
import {
  avifOfBoxes,
  gifOfFrames,
  jpegOfSegments,
  pngOfChunks,
  webpOfFrames,
} from '../fixtures/largest-attachments.ts';
import { interlacedDeepPng, jpegOf64Scans, noisyAvif } from '../fixtures/largest-pictures.ts';

/*
 * The files that cost most to look at, and what becomes of each. One table for the test of what becomes of them and for
 * the benchmark of what that takes.
 */

/** A row: what it is, what becomes of it, and how it is made. */
type CostlyFile = readonly [what: string, outcome: string, make: () => Uint8Array | Promise<Uint8Array>];

const SVGS = Object.entries(SVG_FILES).map(([name, file]) => [`SVG ${name}`, 'svg_unsupported', () => file] as const);
const OTHERS = Object.entries(OTHER_FILES).map(([name, file]) => [name, 'type_not_allowed', () => file] as const);

/** Avatars, which are inspected and rendered. */
export const AVATARS: readonly CostlyFile[] = [
  ['a JPEG of 50 megapixels in 64 scans', 'rendered', jpegOf64Scans],
  ['an interlaced PNG of 50 megapixels and 16 bits', 'rendered', interlacedDeepPng],
  ['an AVIF of 16 megapixels of noise with alpha', 'rendered', () => noisyAvif()],
  ['a PNG with 20 compressed texts of 32 MiB', 'rendered', pngWithTextBombs],
  ['a PNG with a profile of 100 MB', 'metadata_too_large', () => pngWithProfile(100_000_000)],
  ['a PNG with the largest profile', 'rendered', () => pngWithProfile(1_048_576)],
  ['a PNG that claims 50,000 x 50,000 pixels', 'too_many_pixels', () => pngClaiming(50_000, 50_000)],
  ['a PNG that claims 50 megapixels and has none', 'image_damaged', () => pngClaiming(10_000, 5_000)],
  ['a JPEG with a profile of 2 MB', 'metadata_too_large', () => jpegWithProfile(2_000_000)],
  ['a JPEG of 65 scans', 'image_too_complex', () => jpegWithScans(65)],
  ['a JPEG of 64 scans, most of them the same', 'image_damaged', () => jpegWithScans(64)],
  ['a JPEG with an Exif bomb', 'rendered', jpegWithExifBomb],
  ['a WebP of 20,000 frames', 'rendered', () => webpWithFrames(20_000)],
  ['a WebP with a profile of 2 MB', 'metadata_too_large', () => webpWithProfile(2_000_000)],
  ['an AVIF that claims 25 megapixels', 'too_many_pixels', () => avifClaimingTooMuch('picture')],
  ['an AVIF that claims 25 megapixels for another item', 'too_many_pixels', () => avifClaimingTooMuch('another')],
  ['an AVIF of 5 frames', 'image_too_complex', () => avifWithFrames(5)],
  ['an AVIF of 4 frames', 'rendered', () => avifWithFrames(4)],
  ['an AVIF of tiles', 'image_too_complex', tiledAvif],
  ['HEIC', 'heic_unsupported', heicFile],
  ['HEIC that calls itself AVIF', 'heic_unsupported', heicNamedAvif],
  ['a text made against the search for SVG', 'type_not_allowed', () => Buffer.from(`${'<!---->'.repeat(9_000)}<`)],
  ...SVGS,
  ...OTHERS,
];

/** The largest attachments whose metadata is removed. */
export const ATTACHMENTS: readonly CostlyFile[] = [
  ['a JPEG of 13 million segments', 'stripped and described', jpegOfSegments],
  ['a PNG of 5 million chunks', 'stripped and described', pngOfChunks],
  ['a WebP of 800,000 frames', 'stripped and described', webpOfFrames],
  ['a GIF of 3 million frames', 'stripped and described', gifOfFrames],
  ['an AVIF with 8 million boxes after it', 'stripped', avifOfBoxes],
  ['an AVIF of 16 megapixels in 21 MB', 'stripped and described', () => noisyAvif(60)],
  ['an AVIF of 16 megapixels in 33 MB', 'stripped', () => noisyAvif(80)],
];
