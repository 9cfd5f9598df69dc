import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { isStrippable } from '../../shared/images/formats.ts';
import { stripMetadata } from '../../shared/images/strip-metadata.ts';
import { heicFile, OTHER_FILES, SVG_FILES } from '../fixtures/hostile-files.ts';
import {
  animatedGif,
  cmykJpeg,
  deepPng,
  greyPng,
  jpegPhoto,
  palettePng,
  pngPicture,
  transparentPng,
} from '../fixtures/pictures.ts';
import { isUpright, ORIENTATIONS } from '../fixtures/scene.ts';
import { secretsIn } from '../fixtures/tagged/secrets.ts';
import { taggedAvif } from '../fixtures/tagged/tagged-avif.ts';
import { TAGGED } from '../fixtures/tagged/tagged-images.ts';
import { taggedJpeg } from '../fixtures/tagged/tagged-jpeg.ts';
import { taggedPng } from '../fixtures/tagged/tagged-png.ts';
import { changedBy, changes, HARMLESS, outcomeOfStripping } from './damaged-files.ts';

type TaggedName = keyof typeof TAGGED;
const NAMES = Object.keys(TAGGED) as TaggedName[];

/** Everything that a browser shows: the pixels of all frames in sRGB, and what goes with them. It never turns a WebP. */
async function shown(file: Uint8Array, type: string) {
  const picture = sharp(file, { animated: true, failOn: 'warning' });
  const { pages, delay, loop, orientation = 1, space, hasAlpha, hasProfile } = await picture.metadata();
  const turned = type === 'image/webp' ? picture : picture.autoOrient();
  const { data, info } = await turned.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const said = type === 'image/webp' ? 1 : orientation;
  return { data, width, height, pages, delay, loop, orientation: said, space, hasAlpha, hasProfile };
}

describe.each(NAMES)('%s without its metadata', (name) => {
  const [make, type] = TAGGED[name];
  let file: Buffer;
  let stripped: Buffer;
  beforeAll(async () => {
    file = await make();
    stripped = Buffer.from(stripMetadata(file, type));
  });

  it('says nowhere where it was taken', () => {
    expect(secretsIn(file).length).toBeGreaterThan(5);
    expect(secretsIn(stripped)).toEqual([]);
  });

  it('has no text that a decoder finds', async () => {
    const { exif, xmp, iptc, comments } = await sharp(stripped).metadata();
    expect({ xmp, iptc, comments }).toEqual({});
    expect(exif?.length ?? 0).toBeLessThanOrEqual(32);
  });

  it('shows the same pixels in the same frames and colours', async () => {
    expect(await shown(stripped, type)).toEqual(await shown(file, type));
  });

  it('stays as it is when it is stripped again', () => {
    expect(Buffer.from(stripMetadata(stripped, type)).equals(stripped)).toBe(true);
  });
});

describe('a stripped picture', () => {
  for (const orientation of ORIENTATIONS) {
    it(`stands upright as before, however the camera was held: ${orientation}`, async () => {
      for (const [make, type] of [
        [taggedJpeg, 'image/jpeg'],
        [taggedPng, 'image/png'],
        [taggedAvif, 'image/avif'],
      ] as const) {
        const file = await make(orientation);
        const stripped = stripMetadata(file, type);
        expect(await isUpright(await sharp(stripped).autoOrient().png().toBuffer()), type).toBe(true);
        expect(await shown(stripped, type)).toEqual(await shown(file, type));
      }
    });
  }

  it('is the same file, byte for byte, when there was nothing to remove', async () => {
    const plain = (file: Buffer) => sharp(file);
    for (const [file, type] of [
      [
        await plain(await jpegPhoto())
          .jpeg()
          .toBuffer(),
        'image/jpeg',
      ],
      [
        await plain(await jpegPhoto())
          .jpeg({ progressive: true, optimiseScans: true })
          .toBuffer(),
        'image/jpeg',
      ],
      [await pngPicture(), 'image/png'],
      [await deepPng(), 'image/png'],
      [await greyPng(), 'image/png'],
      [await palettePng(), 'image/png'],
      [
        await plain(await pngPicture())
          .webp()
          .toBuffer(),
        'image/webp',
      ],
      [
        await plain(await transparentPng())
          .webp({ lossless: true })
          .toBuffer(),
        'image/webp',
      ],
      [await animatedGif(), 'image/gif'],
      [
        await plain(await pngPicture())
          .avif({ effort: 0 })
          .toBuffer(),
        'image/avif',
      ],
    ] as const) {
      expect(Buffer.from(stripMetadata(file, type)).equals(file), type).toBe(true);
    }
  });

  it('leaves the bytes that were given as they are', async () => {
    for (const [make, type] of Object.values(TAGGED)) {
      const file = await make();
      const copy = Buffer.from(file);
      stripMetadata(file, type);
      expect(file.equals(copy)).toBe(true);
    }
  });

  it('may lie anywhere in memory', async () => {
    const file = await taggedPng();
    const inside = Buffer.concat([Buffer.alloc(13), file, Buffer.alloc(7)]).subarray(13, -7);
    expect(stripMetadata(new Uint8Array(inside), 'image/png')).toEqual(stripMetadata(file, 'image/png'));
    expect(stripMetadata(inside, 'image/png')).toEqual(stripMetadata(file, 'image/png'));
  });
});

describe('a damaged picture', () => {
  /**
   * In two of them text stands right behind coded pixels, where it has no business, and nothing but one length tells the
   * two apart: when that is wrong, the text is pixels. A megabyte of inks would only take time.
   */
  const LEFT_OUT: readonly TaggedName[] = ['an animated WebP', 'a WebP of pixels alone', 'a CMYK JPEG'];
  const names = NAMES.filter((name) => !LEFT_OUT.includes(name));

  it.each(names)('is refused, or says nowhere where it was taken: %s', async (name) => {
    const [make, type] = TAGGED[name];
    const file = await make();
    const cut = fc.option(fc.nat({ max: file.length - 1 }));
    fc.assert(
      fc.property(changes(file), cut, (list, length) => {
        const damaged = changedBy(file, list).subarray(0, length ?? file.length);
        expect(HARMLESS).toContainEqual(outcomeOfStripping(damaged, type));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused when it breaks off inside its first frame', async () => {
    for (const [make, type] of [
      [jpegPhoto, 'image/jpeg'],
      [cmykJpeg, 'image/jpeg'],
      [pngPicture, 'image/png'],
      [animatedGif, 'image/gif'],
    ] as const) {
      const file = await make();
      for (const length of [Math.floor(file.length / 2.5), 20]) {
        expect(() => stripMetadata(file.subarray(0, length), type)).toThrow(
          expect.objectContaining({ code: 'metadata_not_strippable' }),
        );
      }
    }
  });
});

describe('what is stripped', () => {
  it('are the five types of images that are decoded, and HEIC', () => {
    const decoded = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'];
    expect([...decoded, 'image/heic'].every(isStrippable)).toBe(true);
    expect(['image/heif', 'image/svg+xml', 'image/tiff', 'text/plain', 'toString', ''].some(isStrippable)).toBe(false);
  });

  it('is never a file of another type', async () => {
    const png = await pngPicture();
    for (const file of [png, heicFile(), ...Object.values(SVG_FILES), ...Object.values(OTHER_FILES)]) {
      for (const type of ['image/jpeg', 'image/webp', 'image/gif', 'image/avif'] as const) {
        expect(() => stripMetadata(file, type)).toThrow(expect.objectContaining({ code: 'metadata_not_strippable' }));
      }
    }
  });
});
