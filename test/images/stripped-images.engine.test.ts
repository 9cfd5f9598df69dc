import { describe, expect, it } from 'vitest';
import type { ImageType } from '../../shared/images/formats.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import { personalTags, readAllTags } from '../engines/exiftool.ts';
import { decodeWithPillow } from '../engines/pillow.ts';
import { animatedWebp, webpPicture } from '../fixtures/pictures.ts';
import { taggedGif } from '../fixtures/tagged/tagged-gif.ts';
import {
  taggedCmykJpeg,
  taggedJpeg,
  taggedProgressiveJpeg,
  taggedWideGamutJpeg,
} from '../fixtures/tagged/tagged-jpeg.ts';
import { taggedApng, taggedPalettePng, taggedPng, taggedWideGamutPng } from '../fixtures/tagged/tagged-png.ts';
import {
  taggedAnimatedWebp,
  taggedSimpleWebp,
  taggedTransparentWebp,
  taggedWebp,
} from '../fixtures/tagged/tagged-webp.ts';

/** AVIF and HEIC have tests of their own beside their containers. */
const TAGGED = [
  ['a JPEG that is turned', () => taggedJpeg(6), 'image/jpeg'],
  ['a progressive JPEG', taggedProgressiveJpeg, 'image/jpeg'],
  ['a CMYK JPEG', taggedCmykJpeg, 'image/jpeg'],
  ['a JPEG in wide colours', taggedWideGamutJpeg, 'image/jpeg'],
  ['a PNG that is turned', () => taggedPng(6), 'image/png'],
  ['a PNG with a palette', taggedPalettePng, 'image/png'],
  ['a PNG in wide colours', taggedWideGamutPng, 'image/png'],
  ['an animated PNG', taggedApng, 'image/png'],
  ['a WebP', taggedWebp, 'image/webp'],
  ['a WebP with alpha in wide colours', taggedTransparentWebp, 'image/webp'],
  ['an animated WebP', taggedAnimatedWebp, 'image/webp'],
  ['a WebP of pixels alone', taggedSimpleWebp, 'image/webp'],
  ['an animated GIF', taggedGif, 'image/gif'],
] as const satisfies readonly (readonly [string, () => Promise<Buffer>, ImageType])[];

/** Pillow opens no WebP that has a chunk twice, as the tagged ones have. */
const PILLOW_REFUSES: ReadonlySet<string> = new Set(['image/webp']);

it.each([
  ['a WebP', webpPicture],
  ['an animated WebP', animatedWebp],
])('%s, stripped, has the same pixels in the same frames, as Pillow sees them', async (_, make) => {
  const file = await make();
  const [before, after] = [await decodeWithPillow(file), await decodeWithPillow(stripMetadata(file, 'image/webp'))];
  const isSame = after.frames.map(({ pixels }, index) => before.frames[index]?.pixels.equals(pixels));
  expect(isSame).toEqual(Array(before.frames.length).fill(true));
});

describe.each(TAGGED)('%s, stripped', (_, make, type) => {
  it.skipIf(PILLOW_REFUSES.has(type))(
    'has the same pixels in the same frames, each as long as before, as Pillow sees them',
    async () => {
      const file = await make();
      const [before, after] = [await decodeWithPillow(file), await decodeWithPillow(stripMetadata(file, type))];
      const { width, height, mode, frames } = before;
      expect(after).toMatchObject({ width, height, mode });
      expect(after.frames.map(({ duration }) => duration)).toEqual(frames.map(({ duration }) => duration));
      const isSame = frames.map(({ pixels }, index) => after.frames[index]?.pixels.equals(pixels));
      expect(isSame).toEqual(Array(frames.length).fill(true));
    },
  );

  it('has no tag that says where, when, by whom or with what it was made, as ExifTool finds them', async () => {
    const file = await make();
    expect(personalTags(await readAllTags(file)).length).toBeGreaterThan(0);
    expect(personalTags(await readAllTags(stripMetadata(file, type)))).toEqual([]);
  });
});
