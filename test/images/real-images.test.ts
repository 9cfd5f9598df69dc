import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ImageType } from '../../shared/images/formats.ts';
import { sniffImageType } from '../../shared/images/image-signature.ts';
import { renderer } from '../../shared/images/renderer.ts';
import { matrixProfile } from '../fixtures/colour-profiles.ts';
import { joined, jpegSegment, pngChunk } from '../fixtures/containers.ts';
import {
  gridOfLargeTiles,
  gridOfOneTile,
  gridWithoutItsLastTile,
  halfTransparentAvif,
  sceneInTiles,
} from '../fixtures/derived-avif.ts';
import { animatedGif, cmykJpeg, jpegPhoto, pngPicture, webpPicture } from '../fixtures/pictures.ts';
import { animatedAvif } from '../fixtures/tagged/tagged-animated-avif.ts';
import { grainyJpeg, restartedJpeg } from '../fixtures/unusual-jpegs.ts';

/*
 * Files that cameras, phones and drawing programs write, which every browser shows although they break a rule. Each is
 * compared with the same image without that fault.
 */

async function avatarOf(bytes: Uint8Array) {
  const { files, width, height } = await renderer.renderAvatar({ bytes });
  return { pixels: await sharp(files.large.webp).raw().toBuffer(), width, height };
}

async function attachmentOf(bytes: Uint8Array) {
  const contentType = sniffImageType(Buffer.from(bytes)) as ImageType;
  const { stripped = expect.fail('it is not stripped'), description } = await renderer.prepareAttachment({
    bytes,
    contentType,
    keepMetadata: false,
  });
  return { stripped: Buffer.from(stripped), description };
}

const insertedBefore = (file: Buffer, at: number, bytes: string | Buffer) =>
  joined(file.subarray(0, at), bytes, file.subarray(at));
const scanOf = (jpeg: Buffer) => jpeg.indexOf(Buffer.from([0xff, 0xda]));
const secondFrame = (gif: Buffer) => gif.lastIndexOf(Buffer.from([0x21, 0xf9, 0x04]));

async function pngWith(type: string, data: Buffer | string, damage = 0): Promise<Buffer> {
  const chunk = pngChunk(type, data);
  chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ damage;
  return insertedBefore(await pngPicture(), 33, chunk);
}

/** What it is, how it is made, and the same without the fault. */
const WITH_A_FAULT: readonly (readonly [string, () => Promise<Buffer>, () => Promise<Buffer>])[] = [
  ['a JPEG without an end marker', async () => (await jpegPhoto()).subarray(0, -2), jpegPhoto],
  [
    'a JPEG that ends with zeros',
    async () => joined((await jpegPhoto()).subarray(0, -2), Buffer.alloc(900)),
    jpegPhoto,
  ],
  [
    'a JPEG whose scan says that it has no coefficients',
    async () => {
      const file = await jpegPhoto();
      file.set([0, 0, 0], scanOf(file) + 11);
      return file;
    },
    jpegPhoto,
  ],
  [
    'a JPEG with bytes before its restart markers',
    async () => restartedJpeg('\x12\x34\0\x56'),
    async () => restartedJpeg(),
  ],
  [
    'a JPEG with bytes behind its last pixel',
    async () => {
      const file = await jpegPhoto();
      return insertedBefore(file, file.length - 2, 'extraneous');
    },
    jpegPhoto,
  ],
  [
    'a progressive JPEG with bytes behind its last pixel',
    async () => {
      const file = await jpegPhoto({ progressive: true });
      return insertedBefore(file, file.length - 2, 'extraneous');
    },
    () => jpegPhoto({ progressive: true }),
  ],
  [
    'a JPEG of JFIF 3',
    async () => insertedBefore(await cmykLess(), 2, jpegSegment(0xe0, 'JFIF\0\x03\0\0\0\x01\0\x01\0\0')),
    cmykLess,
  ],
  [
    'a JPEG with an unknown transform',
    async () => insertedBefore(await cmykLess(), 2, jpegSegment(0xee, 'Adobe\0\x64\0\0\0\0\x09')),
    cmykLess,
  ],
  [
    'a JPEG whose XMP is two bytes longer than it says',
    async () =>
      insertedBefore(await jpegPhoto(), 2, joined(jpegSegment(0xe1, 'http://ns.adobe.com/xap/1.0/\0<x/>'), '>>')),
    jpegPhoto,
  ],
  ['a GIF without a trailer', async () => (await animatedGif()).subarray(0, -1), animatedGif],
  [
    'a GIF with zeros between its frames',
    async () => {
      const file = await animatedGif();
      return insertedBefore(file, secondFrame(file), '\0\0\0');
    },
    animatedGif,
  ],
  [
    'a GIF that is cut off in its second frame',
    async () => {
      const file = await animatedGif();
      return file.subarray(0, secondFrame(file) + 60);
    },
    animatedGif,
  ],
  ['a PNG whose gamma has eight bytes', () => pngWith('gAMA', Buffer.alloc(8)), pngPicture],
  ['a PNG whose gamma has a wrong checksum', () => pngWith('gAMA', '\0\x01\x86\xa0', 1), pngPicture],
  ['a PNG whose transparent colour has a wrong checksum', () => pngWith('tRNS', Buffer.alloc(6, 1), 1), pngPicture],
  ['a PNG whose profile has a wrong checksum', () => pngWith('iCCP', packedProfile(), 1), pngPicture],
  ['a PNG without an end chunk', async () => (await pngPicture()).subarray(0, -12), pngPicture],
  ['a PNG that is cut off in its end chunk', async () => (await pngPicture()).subarray(0, -7), pngPicture],
  [
    'a PNG whose profile has no checksum',
    () => pngWith('iCCP', packedProfile().subarray(0, -4)),
    () => pngWith('iCCP', packedProfile()),
  ],
];

/** A JPEG without JFIF or Adobe's segment. */
async function cmykLess(): Promise<Buffer> {
  const file = await jpegPhoto();
  return joined('\xff\xd8', file.subarray(file.indexOf(Buffer.from([0xff, 0xdb]))));
}

function packedProfile(): Buffer {
  return joined('profile\0\0', deflateSync(matrixProfile()));
}

describe.each(WITH_A_FAULT)('%s', (_, make, makeWhole) => {
  it('is an avatar with the pixels of the whole file', async () => {
    expect((await avatarOf(await make())).pixels.equals((await avatarOf(await makeWhole())).pixels)).toBe(true);
  });

  it('is an attachment with a size, a preview and a ThumbHash, and is served without the fault', async () => {
    const { stripped, description } = await attachmentOf(await make());
    const whole = await attachmentOf(await makeWhole());
    expect(description).toMatchObject({ width: whole.description?.width, thumbHash: whole.description?.thumbHash });
    expect(description?.preview).toBeDefined();
    expect((await attachmentOf(stripped)).stripped.equals(stripped)).toBe(true);
  });
});

describe('a file that is cut off in its pixels', () => {
  it.each([
    ['a JPEG', jpegPhoto],
    ['a progressive JPEG', () => jpegPhoto({ progressive: true })],
    ['a CMYK JPEG', cmykJpeg],
    ['a PNG', pngPicture],
  ])('is damaged as an avatar and refused as an attachment: %s', async (_, make) => {
    const file = await make();
    const cut = file.subarray(0, file.length * 0.6);
    await expect(avatarOf(cut)).rejects.toMatchObject({ code: 'image_damaged' });
    await expect(attachmentOf(cut)).rejects.toMatchObject({ code: 'metadata_not_strippable' });
  });
});

describe('an AVIF', () => {
  it('of tiles is shown whole', async () => {
    const scene = await avatarOf(await pngPicture({ width: 256, height: 256 }));
    const tiles = await avatarOf(await sceneInTiles());
    expect(tiles).toMatchObject({ width: 256, height: 256 });
    expect(meanDifference(tiles.pixels, scene.pixels)).toBeLessThan(4);
    expect((await attachmentOf(await sceneInTiles())).description).toMatchObject({ width: 256, height: 256 });
  });

  it('that names a tile again, has more pixels in its tiles than an image may have, or too few tiles is refused', async () => {
    await expect(avatarOf(await gridOfOneTile(1_000))).rejects.toMatchObject({ code: 'image_too_complex' });
    await expect(avatarOf(await gridOfLargeTiles())).rejects.toMatchObject({ code: 'too_many_pixels' });
    await expect(avatarOf(await gridWithoutItsLastTile())).rejects.toMatchObject({ code: 'image_damaged' });
  });

  it('of colours that are multiplied by their alpha has the colours of one that are not', async () => {
    const [multiplied, straight] = await Promise.all(
      [true, false].map(async (premultiplied) => avatarOf(await halfTransparentAvif({ premultiplied }))),
    );
    expect(meanDifference(multiplied?.pixels, straight?.pixels)).toBeLessThan(4);
  });

  it('that is animated is an attachment with a size, but no avatar', async () => {
    const file = await animatedAvif();
    await expect(avatarOf(file)).rejects.toMatchObject({ code: 'image_too_complex' });
    expect((await attachmentOf(file)).description).toEqual({ width: 96, height: 64 });
  });
});

describe('a WebP that says that it is turned', () => {
  it('is turned as an avatar, and as it is stored as an attachment, because browsers do not turn it', async () => {
    const turned = await sharp(await webpPicture())
      .withMetadata({ orientation: 6 })
      .webp()
      .toBuffer();
    expect(await avatarOf(turned)).toMatchObject({ width: 300, height: 400 });
    const { description } = await attachmentOf(turned);
    expect(description).toMatchObject({ width: 400, height: 300, preview: { width: 400, height: 300 } });
  });
});

describe('a JPEG of 50 megapixels of a phone', () => {
  it('is an avatar', async () => {
    const photo = await sharp({ create: { width: 8_192, height: 6_144, channels: 3, background: 'teal' } })
      .jpeg({ quality: 40 })
      .toBuffer();
    expect(await avatarOf(photo)).toMatchObject({ width: 8_192, height: 6_144 });
  });
});

describe('a thumbnail of 32 pixels', () => {
  it('differs from its pixels at most 0.8 times as much as at the usual quality, for at most 250 bytes more', async () => {
    const { files } = await renderer.renderAvatar({ bytes: await grainyJpeg() });
    const pixels = await sharp(
      await sharp(await grainyJpeg())
        .resize(300, 300)
        .png()
        .toBuffer(),
    )
      .resize(32, 32)
      .removeAlpha();
    const exact = await pixels.clone().raw().toBuffer();
    const usual = {
      webp: await pixels.clone().webp({ quality: 80, effort: 2 }).toBuffer(),
      jpg: await pixels.clone().jpeg({ quality: 80, progressive: true }).toBuffer(),
    };
    for (const format of ['webp', 'jpg'] as const) {
      const error = async (file: Buffer) => meanDifference(await sharp(file).removeAlpha().raw().toBuffer(), exact);
      expect((await error(files.small[format])) / (await error(usual[format])), format).toBeLessThanOrEqual(0.8);
      expect(files.small[format].length - usual[format].length, format).toBeLessThanOrEqual(250);
    }
  });
});

function meanDifference(a: Buffer = Buffer.alloc(0), b: Buffer = Buffer.alloc(0)): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum / a.length;
}
