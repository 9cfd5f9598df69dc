import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { ContentRejectedError, type RejectionCode } from '../../shared/errors.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
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
  SVG_FILES,
  truncated,
  webpWithFrames,
  webpWithProfile,
} from '../fixtures/hostile-files.ts';
import {
  animatedGif,
  animatedWebp,
  avifPicture,
  CAMERA_MAKE,
  cmykJpeg,
  deepPng,
  jpegPhoto,
  palettePng,
  pngPicture,
  transparentAvif,
  transparentPng,
  webpPicture,
} from '../fixtures/pictures.ts';
import { ORIENTATIONS } from '../fixtures/scene.ts';

const PICTURES = {
  'a JPEG': [jpegPhoto, 'image/jpeg'],
  'a progressive JPEG': [() => jpegPhoto({ progressive: true }), 'image/jpeg'],
  'a CMYK JPEG': [cmykJpeg, 'image/jpeg'],
  'a PNG': [pngPicture, 'image/png'],
  'a PNG with alpha': [transparentPng, 'image/png'],
  'a PNG of 16 bits': [deepPng, 'image/png'],
  'a PNG with a palette': [palettePng, 'image/png'],
  'a WebP': [webpPicture, 'image/webp'],
  'an animated WebP': [animatedWebp, 'image/webp'],
  'an animated GIF': [animatedGif, 'image/gif'],
  'an AVIF': [avifPicture, 'image/avif'],
  'an AVIF with alpha': [transparentAvif, 'image/avif'],
} as const;

/** Formats whose files end with a mark that says nothing else. */
const CAN_LACK_ITS_END: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif']);

/** The code that `file` is refused with; undefined when it is accepted. */
async function refusalOf(file: Uint8Array): Promise<RejectionCode | undefined> {
  try {
    await inspectImage(file);
    return undefined;
  } catch (error) {
    if (error instanceof ContentRejectedError) return error.code;
    throw error;
  }
}

describe('a picture of an accepted type', () => {
  for (const [name, [make, contentType]] of Object.entries(PICTURES)) {
    it(`is known by its content: ${name}`, async () => {
      expect(await inspectImage(await make())).toMatchObject({ contentType, width: 400, height: 300 });
    });

    it(`is damaged when it breaks off inside its first frame: ${name}`, async () => {
      const file = await make();
      for (const fraction of [0.2, 0.4]) {
        expect(await refusalOf(truncated(file, fraction)), `at ${fraction}`).toBe('image_damaged');
      }
    });

    it(`${CAN_LACK_ITS_END.has(contentType) ? 'may lack' : 'must have'} its last byte: ${name}`, async () => {
      const refusal = CAN_LACK_ITS_END.has(contentType) ? undefined : 'image_damaged';
      expect(await refusalOf((await make()).subarray(0, -1))).toBe(refusal);
    });

    it(`is accepted or refused with a code, whichever of its bytes are changed: ${name}`, async () => {
      const file = await make();
      for (let round = 1; round <= 60; round++) {
        const changed = Buffer.from(file);
        for (let at = round % 7; at < Math.min(file.length, 4_000); at += 97 + round)
          changed[at] = (round * 31 + at) % 256;
        await refusalOf(changed); // throws anything but a ContentRejectedError
      }
    });
  }

  it('is measured upright, however the camera was held', async () => {
    for (const orientation of ORIENTATIONS) {
      expect(await inspectImage(await jpegPhoto({ orientation }))).toMatchObject({ width: 400, height: 300 });
    }
  });

  it('reaches the decoder without metadata and without later frames', async () => {
    for (const make of [jpegPhoto, webpPicture, avifPicture]) {
      const { bytes } = await inspectImage(await make());
      const { exif } = await sharp(bytes).metadata();
      expect(exif?.includes(CAMERA_MAKE) ?? false).toBe(false);
    }
    const animation = await animatedGif();
    expect((await inspectImage(animation)).bytes.length).toBeLessThan(animation.length * 0.6);
    expect((await inspectImage(await webpWithFrames(500))).bytes.length).toBeLessThan(2_000);
  });

  it('loses whatever follows its end', async () => {
    for (const make of [jpegPhoto, pngPicture, webpPicture, animatedGif]) {
      const file = await make();
      const { bytes } = await inspectImage(Buffer.concat([file, Buffer.from('<script>'.repeat(100))]));
      expect(Buffer.from(bytes).includes('<script>')).toBe(false);
    }
  });

  it('may have metadata that is hostile but not needed: it is dropped unread', async () => {
    expect(await refusalOf(await jpegWithExifBomb())).toBeUndefined();
    expect(await refusalOf(await pngWithProfile(500_000))).toBeUndefined();
  });
});

describe('a file that cannot be an avatar', () => {
  it('is refused as HEIC by its brand', async () => {
    expect(await refusalOf(heicFile())).toBe('heic_unsupported');
  });

  it('is refused as HEIC by its codec when its brand says AVIF', async () => {
    expect(await refusalOf(await heicNamedAvif())).toBe('heic_unsupported');
  });

  for (const [name, file] of Object.entries(SVG_FILES)) {
    it(`is refused as SVG ${name}`, async () => {
      expect(await refusalOf(file)).toBe('svg_unsupported');
    });
  }

  for (const [name, file] of Object.entries(OTHER_FILES)) {
    it(`is refused as of a type that is not allowed: ${name}`, async () => {
      expect(await refusalOf(file)).toBe('type_not_allowed');
    });
  }

  it('takes no time to refuse as SVG when it is a text made against the search', async () => {
    expect(await refusalOf(Buffer.from(`${'<!---->'.repeat(9_000)}<`))).toBe('type_not_allowed');
  });

  it('is refused for the pixels it claims, without decoding any', async () => {
    expect(await refusalOf(pngClaiming(50_000, 50_000))).toBe('too_many_pixels');
    expect(await refusalOf(pngClaiming(8_192, 8_193))).toBe('too_many_pixels');
    expect(await refusalOf(pngClaiming(8_192, 8_192))).toBeUndefined();
    expect(await refusalOf(await avifClaimingTooMuch('picture'))).toBe('too_many_pixels');
    expect(await refusalOf(await avifClaimingTooMuch('another'))).toBe('too_many_pixels');
  });

  it('is refused for more than 64 scans', async () => {
    expect(await refusalOf(await jpegWithScans(65))).toBe('image_too_complex');
    expect(await refusalOf(await jpegWithScans(64))).toBeUndefined();
  });

  it('is refused for more frames in an AVIF image than it can have layers', async () => {
    expect(await refusalOf(await avifWithFrames(5))).toBe('image_too_complex');
    expect(await refusalOf(await avifWithFrames(4))).toBeUndefined();
  });

  it('is refused for a colour profile of more than 4 MiB, packed or not', async () => {
    expect(await refusalOf(await pngWithProfile(100_000_000))).toBe('metadata_too_large');
    expect(await refusalOf(await jpegWithProfile(5_000_000))).toBe('metadata_too_large');
    expect(await refusalOf(await webpWithProfile(5_000_000))).toBe('metadata_too_large');
  });
});
