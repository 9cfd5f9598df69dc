import { describe, expect, it } from 'vitest';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { personalTags, readAllTags } from '../../../engines/exiftool.ts';
import { decodeWithPillow } from '../../../engines/pillow.ts';
import { animatedAvif, taggedAnimatedAvif } from '../../../fixtures/tagged/tagged-animated-avif.ts';
import { taggedAvif, taggedTransparentAvif } from '../../../fixtures/tagged/tagged-avif.ts';

describe.each<[string, () => Buffer | Promise<Buffer>, number]>([
  ['an AVIF that is rotated', () => taggedAvif(6), 1],
  ['an AVIF with alpha and a colour profile', taggedTransparentAvif, 1],
  ['an animated AVIF', taggedAnimatedAvif, 5],
  ['an animated AVIF without a still image', () => taggedAnimatedAvif({ filmOnly: true }), 5],
  ['an animated AVIF as its encoder writes it', animatedAvif, 5],
])('%s, stripped', (_, make, count) => {
  it('shows the same frames in the same colours, each as long as before', async () => {
    const file = await make();
    const [before, after] = [await decodeWithPillow(file), await decodeWithPillow(stripMetadata(file, 'image/avif'))];
    expect(before.frames).toHaveLength(count);
    const { width, height, mode, frames } = before;
    expect(after).toMatchObject({ width, height, mode });
    expect(after.frames.map(({ duration }) => duration)).toEqual(frames.map(({ duration }) => duration));
    const isSame = frames.map(({ pixels }, index) => after.frames[index]?.pixels.equals(pixels));
    expect(isSame).toEqual(Array(count).fill(true));
  });

  it('has no tag that says where, when, by whom or with what it was made', async () => {
    const file = await make();
    expect(personalTags(await readAllTags(file)).length).toBeGreaterThan(0);
    expect(personalTags(await readAllTags(stripMetadata(file, 'image/avif')))).toEqual([]);
  });
});
