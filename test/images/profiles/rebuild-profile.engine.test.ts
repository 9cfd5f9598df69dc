import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rebuildProfile, rebuildProfileInPlace } from '../../../shared/images/profiles/rebuild-profile.ts';
import { findChromium, startChromium } from '../../engines/chromium.ts';
import { matrixProfile } from '../../fixtures/colour-profiles.ts';
import { HONEST_PROFILES } from '../../fixtures/honest-profiles.ts';
import { pngPicture } from '../../fixtures/pictures.ts';
import { imageWithProfile, jpegWithColourProfile } from '../../fixtures/profiled-images.ts';

const chromium = await findChromium();

let browser: Browser | undefined;
let page: Page;

beforeAll(async () => {
  if (chromium === undefined) return;
  browser = await startChromium(chromium);
  page = await browser.newPage();
}, 60_000);

afterAll(() => browser?.close());

describe.skipIf(chromium === undefined)('Chromium draws the same pixels with a rebuilt profile', () => {
  it.each(HONEST_PROFILES)('%s', async (_, colours, make) => {
    const original = await make();
    const profiles = [original, undefined, mustBe(rebuildProfile(original)), mustBe(rebuildProfileInPlace(original))];
    const files = await Promise.all(profiles.map((profile) => imageWithProfile(colours, profile)));
    expect(await differences(files)).toEqual({ untagged: expect.toSatisfy(isLarge), others: [0, 0] });
  });

  it('of a JPEG, whatever the length of the profile', async () => {
    for (const more of [0, 1, 2, 3]) {
      const original = Buffer.concat([matrixProfile(), Buffer.alloc(more)]);
      const profiles = [original, undefined, mustBe(rebuildProfileInPlace(original))];
      const files = await Promise.all(profiles.map((profile) => jpegWithColourProfile(profile)));
      expect(await differences(files)).toEqual({ untagged: expect.toSatisfy(isLarge), others: [0] });
    }
  });

  it('of an AVIF, whose profile is replaced where it is', async () => {
    for (const more of [0, 1, 2, 3]) {
      const original = Buffer.concat([matrixProfile(), Buffer.alloc(more)]);
      const tagged = await avifWith(original);
      const rebuilt = Buffer.from(tagged);
      mustBe(rebuildProfileInPlace(original)).copy(rebuilt, tagged.indexOf(original));
      const files = [tagged, await avifWith(undefined), rebuilt];
      expect(await differences(files)).toEqual({ untagged: expect.toSatisfy(isLarge), others: [0] });
      expect(rebuilt.equals(tagged)).toBe(false);
    }
  });
});

/** At least a tenth of all channels differ from the image without a profile: the browser does apply the profile. */
function isLarge(share: unknown): boolean {
  return typeof share === 'number' && share > 0.1;
}

function mustBe(profile: Buffer | undefined): Buffer {
  if (profile === undefined) throw new RangeError('the profile was not rebuilt');
  return profile;
}

/** The share of channels in which the second file, and the others, differ from the first one on a canvas. */
async function differences(files: readonly Buffer[]): Promise<{ untagged: number; others: number[] }> {
  const encoded = JSON.stringify(files.map((file) => file.toString('base64')));
  const [untagged = 0, ...others] = await page.evaluate<number[]>(`(${COMPARE_IN_PAGE})(${encoded})`);
  return { untagged, others };
}

const COMPARE_IN_PAGE = `async (files) => {
  const pixelsOf = async (file) => {
    const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  };
  const [first, ...others] = await Promise.all(files.map(pixelsOf));
  return others.map((other) => other.filter((value, at) => value !== first[at]).length / first.length);
}`;

async function avifWith(profile: Buffer | undefined): Promise<Buffer> {
  const image = sharp(await pngPicture({ width: 64, height: 48 }));
  if (profile === undefined) return image.avif({ lossless: true, effort: 0 }).toBuffer();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const path = join(folder.path, 'profile.icc');
  await writeFile(path, profile);
  return await image.withIccProfile(path, { attach: true }).avif({ lossless: true, effort: 0 }).toBuffer();
}
