import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  animatedGif,
  animatedWebp,
  avifPicture,
  CAMERA_MAKE,
  deepPng,
  jpegPhoto,
  palettePng,
  pngPicture,
  transparentPng,
  webpPicture,
  wideGamutJpeg,
} from '../fixtures/pictures.ts';
import { cornerColours, isNear, isUpright, ORIENTATIONS, SCENE_COLOURS } from '../fixtures/scene.ts';
import { SIZES, type Size, shownPicture, upload } from './client.ts';
import { type Person, signIn } from './people.ts';

const FORMATS = { webp: 'webp', jpg: 'jpeg' } as const;

let ada: Person;
beforeAll(async () => {
  ada = await signIn();
});

/** Uploads a picture and looks at all six files that everyone sees of it. */
async function eachFile(bytes: Buffer, contentType: string, look: (file: Buffer) => Promise<void>): Promise<void> {
  expect(await upload(ada, { bytes, contentType })).toMatchObject({ status: 'ready' });
  for (const [size, side] of Object.entries(SIZES)) {
    for (const [extension, format] of Object.entries(FORMATS)) {
      const file = await shownPicture(ada.avatar, size as Size, extension);
      const { exif, xmp, iptc, orientation, ...shown } = await sharp(file).metadata();
      expect(shown).toMatchObject({ format, width: side, height: side, space: 'srgb' });
      expect({ exif, xmp, iptc, orientation, pages: shown.pages }).toEqual({});
      expect(file.includes(CAMERA_MAKE)).toBe(false);
      await look(file);
    }
  }
}

async function expectUpright(file: Buffer): Promise<void> {
  expect(await isUpright(file)).toBe(true);
}

describe('every size and format of an avatar is exact, upright and without metadata', () => {
  it.each(ORIENTATIONS)('made of a JPEG in orientation %i', async (orientation) => {
    await eachFile(await jpegPhoto({ orientation }), 'image/jpeg', expectUpright);
  });

  it.each([
    ['a progressive JPEG', 'image/jpeg', () => jpegPhoto({ progressive: true, orientation: 6 })],
    ['a JPEG with wide colours', 'image/jpeg', wideGamutJpeg],
    ['a PNG', 'image/png', pngPicture],
    ['a PNG of 16 bits', 'image/png', deepPng],
    ['a PNG with a palette', 'image/png', palettePng],
    ['a WebP', 'image/webp', webpPicture],
    ['the first frame of a WebP', 'image/webp', animatedWebp],
    ['the first frame of a GIF', 'image/gif', animatedGif],
    ['an AVIF', 'image/avif', avifPicture],
  ] as const)('made of %s', async (_, contentType, make) => {
    await eachFile(await make(), contentType, expectUpright);
  });

  it('made of a picture that was declared as another accepted type', async () => {
    await eachFile(await jpegPhoto(), 'image/png', expectUpright);
  });

  it('made of a PNG with a transparent half, which stays so in WebP and is white in JPEG', async () => {
    await eachFile(await transparentPng(), 'image/png', async (file) => {
      const { topLeft, topRight } = await cornerColours(file);
      expect(isNear(topLeft, SCENE_COLOURS.topLeft)).toBe(true);
      expect(isNear(topRight, [255, 255, 255])).toBe(true);
      const { format, hasAlpha } = await sharp(file).metadata();
      expect(hasAlpha).toBe(format === 'webp');
    });
  });
});
