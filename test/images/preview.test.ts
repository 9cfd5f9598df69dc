import sharp from 'sharp';
import { thumbHashToApproximateAspectRatio } from 'thumbhash';
import { describe, expect, it } from 'vitest';
import type { ImageType } from '../../shared/images/formats.ts';
import { sniffImageType } from '../../shared/images/image-signature.ts';
import { describeImage, type ImageDescription } from '../../shared/images/preview.ts';
import {
  avifClaimingTooMuch,
  heicFile,
  jpegWithProfile,
  jpegWithScans,
  OTHER_FILES,
  pngClaiming,
  SVG_FILES,
  truncated,
} from '../fixtures/hostile-files.ts';
import {
  animatedGif,
  animatedWebp,
  avifPicture,
  CAMERA_MAKE,
  cmykJpeg,
  deepPng,
  greyPng,
  jpegPhoto,
  palettePng,
  pngPicture,
  transparentAvif,
  transparentPng,
  webpPicture,
  wideGamutJpeg,
} from '../fixtures/pictures.ts';
import { cornerColours, isNear, isUpright, ORIENTATIONS, SCENE_COLOURS } from '../fixtures/scene.ts';

/** The description of an image that is decoded: it has all parts. */
async function described(file: Uint8Array) {
  return ((await descriptionOf(file)) ?? expect.fail('it is not described')) as Required<ImageDescription>;
}

function descriptionOf(file: Uint8Array) {
  return describeImage(file, (sniffImageType(Buffer.from(file)) ?? 'image/jpeg') as ImageType);
}

describe('the description of a picture', () => {
  for (const [name, make] of Object.entries({
    'a JPEG': jpegPhoto,
    'a CMYK JPEG': cmykJpeg,
    'a PNG': pngPicture,
    'a PNG of 16 bits': deepPng,
    'a PNG with a palette': palettePng,
    'a grey PNG': greyPng,
    'a WebP': webpPicture,
    'an animated WebP': animatedWebp,
    'an animated GIF': animatedGif,
    'an AVIF': avifPicture,
    'an AVIF with alpha': transparentAvif,
  })) {
    it(`is its size, a ThumbHash and a WebP of one frame without metadata: ${name}`, async () => {
      const { width, height, thumbHash, preview } = await described(await make());
      expect({ width, height }).toEqual({ width: 400, height: 300 });
      expect(preview).toMatchObject({ width: 400, height: 300 });
      const { format, pages, exif, xmp, iptc, icc, orientation, space, ...size } = await sharp(
        preview.bytes,
      ).metadata();
      expect({ format, pages, exif, xmp, iptc, icc, orientation, space }).toEqual({ format: 'webp', space: 'srgb' });
      expect(size).toMatchObject({ width: 400, height: 300 });
      expect(preview.bytes.includes(CAMERA_MAKE)).toBe(false);
      expect(thumbHashToApproximateAspectRatio(Buffer.from(thumbHash, 'base64'))).toBeCloseTo(4 / 3, 0);
    });
  }

  it.each([
    [1600, 900, 640, 360],
    [900, 1600, 360, 640],
    [641, 640, 640, 639],
    [640, 640, 640, 640],
    [32, 20, 32, 20],
    [1, 1, 1, 1],
    [5000, 1, 640, 1],
    [1, 5000, 1, 640],
  ])('of %d x %d has a preview of %d x %d', async (width, height, previewWidth, previewHeight) => {
    const { preview, ...size } = await described(await pngPicture({ width, height }));
    expect(size).toMatchObject({ width, height });
    expect(preview).toMatchObject({ width: previewWidth, height: previewHeight });
    expect(await sharp(preview.bytes).metadata()).toMatchObject({ width: previewWidth, height: previewHeight });
  });

  it.each(ORIENTATIONS)('is upright, however the camera was held: %d', async (orientation) => {
    for (const size of [{}, { width: 1_600, height: 1_200 }]) {
      const { width, height, preview } = await described(await jpegPhoto({ orientation, ...size }));
      expect(width / height).toBeCloseTo(4 / 3);
      expect(preview.width / preview.height).toBeCloseTo(4 / 3);
      expect(await isUpright(preview.bytes)).toBe(true);
    }
  });

  it('shows the first frame of an animation', async () => {
    for (const make of [animatedGif, animatedWebp]) {
      expect(await isUpright((await described(await make())).preview.bytes)).toBe(true);
    }
  });

  it('keeps what is transparent', async () => {
    for (const make of [transparentPng, transparentAvif]) {
      const { preview } = await described(await make());
      const alphas = await sharp(preview.bytes).extractChannel(3).raw().toBuffer();
      expect([alphas[150 * 400 + 100], alphas[150 * 400 + 300]]).toEqual([255, 0]);
    }
  });

  it('has the colours that a wide profile means', async () => {
    const { preview } = await described(await wideGamutJpeg());
    expect(isNear((await cornerColours(preview.bytes)).topRight, SCENE_COLOURS.topRight, 8)).toBe(true);
  });
});

describe('there is no description', () => {
  it('of what is no picture, or of a type that is not decoded', async () => {
    for (const file of [heicFile(), ...Object.values(SVG_FILES), ...Object.values(OTHER_FILES)]) {
      expect(await descriptionOf(file)).toBeUndefined();
    }
  });

  it('of a picture beyond the limits of the decoder', async () => {
    for (const file of [
      pngClaiming(50_000, 50_000),
      await avifClaimingTooMuch('picture'),
      await jpegWithScans(65),
      await jpegWithProfile(5_000_000),
    ]) {
      expect(await descriptionOf(file)).toBeUndefined();
    }
  });

  it('of a damaged picture, be it in its structure or in its pixels', async () => {
    const jpeg = await jpegPhoto();
    const png = await pngPicture();
    png.fill(0xaa, png.indexOf('IDAT') + 20, png.length - 20);
    for (const file of [truncated(jpeg, 0.5), Buffer.concat([truncated(jpeg, 0.5), jpeg.subarray(-2)]), png]) {
      expect(await descriptionOf(file)).toBeUndefined();
    }
  });
});
