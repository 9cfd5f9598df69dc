import { describe, expect, it } from 'vitest';
import type { ImageType } from '../../shared/images/formats.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import { personalTags, readAllTags } from '../engines/exiftool.ts';
import { decodeWithPillow } from '../engines/pillow.ts';
import { animatedWebp, webpPicture } from '../fixtures/pictures.ts';
import { TAGGED } from '../fixtures/tagged/tagged-images.ts';
import { taggedJpeg } from '../fixtures/tagged/tagged-jpeg.ts';
import { taggedPng } from '../fixtures/tagged/tagged-png.ts';

/** AVIF and HEIC have tests of their own beside their containers. */
const CASES: readonly (readonly [string, () => Promise<Buffer>, ImageType])[] = [
  ['a JPEG that is turned', () => taggedJpeg(6), 'image/jpeg'],
  ['a PNG that is turned', () => taggedPng(6), 'image/png'],
  ...Object.entries(TAGGED).flatMap(([name, [make, type]]) =>
    type === 'image/avif' ? [] : [[name, () => make(), type] as const],
  ),
];

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

describe.each(CASES)('%s, stripped', (_, make, type) => {
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
