import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { rebuildProfile, rebuildProfileInPlace } from '../../../shared/images/profiles/rebuild-profile.ts';
import { matrixProfile, profileBomb } from '../../fixtures/colour-profiles.ts';
import { type Colours, HONEST_PROFILES } from '../../fixtures/honest-profiles.ts';
import { imageWithProfile, jpegWithColourProfile } from '../../fixtures/profiled-images.ts';

/** sharp converts an image without a profile from the press profile that it carries. */
const DEFAULT_OF_SHARP = 'a press with its measurements, as sharp has it';

describe('sharp decodes the same pixels with a rebuilt profile', () => {
  it.each(HONEST_PROFILES)('%s', async (name, colours, make) => {
    const original = await make();
    const pixels = await decoded(colours, original);
    expect((await decoded(colours, rebuildProfile(original))).equals(pixels)).toBe(true);
    expect((await decoded(colours, rebuildProfileInPlace(original))).equals(pixels)).toBe(true);
    const isApplied = !(await decoded(colours, undefined)).equals(pixels);
    expect(isApplied || name === DEFAULT_OF_SHARP).toBe(true);
  });

  it.each([0, 1, 2, 3])('of a JPEG whose profile is followed by %d bytes', async (more) => {
    const original = Buffer.concat([matrixProfile(), Buffer.alloc(more)]);
    const rebuilt = await jpegWithColourProfile(rebuildProfileInPlace(original));
    const pixels = (file: Buffer) => sharp(file).raw().toBuffer();
    expect(await pixels(rebuilt)).toEqual(await pixels(await jpegWithColourProfile(matrixProfile())));
  });

  it('in the colours of its matrix, without the processing elements of a bomb', async () => {
    // Few enough elements to decode the original too.
    const pixels = await decoded('RGB', rebuildProfile(profileBomb(2)));
    expect(pixels.equals(await decoded('RGB', profileBomb(2)))).toBe(false);
    expect(pixels.equals(await decoded('RGB', rebuildProfile(profileBomb(20_000))))).toBe(true);
  });
});

async function decoded(colours: Colours, profile: Buffer | undefined): Promise<Buffer> {
  return sharp(await imageWithProfile(colours, profile))
    .raw()
    .toBuffer();
}
