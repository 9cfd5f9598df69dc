import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Crop, THUMBNAIL_SIZES, type ThumbnailSize } from '../../shared/images/formats.ts';
import { inspectImage } from '../../shared/images/inspect.ts';
import { type RenderedAvatar, renderThumbnails } from '../../shared/images/thumbnails.ts';
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

async function render(file: Uint8Array, crop?: Crop): Promise<RenderedAvatar> {
  return renderThumbnails(await inspectImage(file), crop);
}

function outputsOf({ files }: RenderedAvatar): { readonly size: ThumbnailSize; readonly file: Buffer }[] {
  return (Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]).flatMap((size) =>
    Object.values(files[size]).map((file) => ({ size, file })),
  );
}

describe('every thumbnail', () => {
  it('is an exact square of its size in its format', async () => {
    const { files } = await render(await jpegPhoto());
    for (const [size, side] of Object.entries(THUMBNAIL_SIZES)) {
      const { webp, jpg } = files[size as ThumbnailSize];
      expect(await sharp(webp).metadata()).toMatchObject({ format: 'webp', width: side, height: side });
      expect(await sharp(jpg).metadata()).toMatchObject({ format: 'jpeg', width: side, height: side });
      expect((await sharp(jpg).metadata()).isProgressive).toBe(size !== 'small');
    }
  });

  it('is an exact square also of a picture that is smaller, or as thin as a thread', async () => {
    for (const [width, height] of [
      [8, 6],
      [1, 1],
      [301, 299],
      [3_000, 1],
      [1, 3_000],
      [301, 9_000],
    ] as const) {
      for (const { size, file } of outputsOf(await render(await pngPicture({ width, height })))) {
        const side = THUMBNAIL_SIZES[size];
        expect(await sharp(file).metadata(), `${width} x ${height}`).toMatchObject({ width: side, height: side });
      }
    }
  });

  for (const orientation of ORIENTATIONS) {
    it(`stands right side up when the camera was held as orientation ${orientation} says`, async () => {
      for (const { file } of outputsOf(await render(await jpegPhoto({ orientation })))) {
        expect(await isUpright(file)).toBe(true);
      }
      const large = await jpegPhoto({ orientation, width: 2_400, height: 1_800 });
      expect(await isUpright((await render(large)).files.small.jpg)).toBe(true);
    });
  }

  it('carries no Exif, XMP, IPTC, profile or place', async () => {
    for (const make of [jpegPhoto, webpPicture, avifPicture, wideGamutJpeg]) {
      for (const { file } of outputsOf(await render(await make()))) {
        const { exif, xmp, iptc, icc, orientation } = await sharp(file).metadata();
        expect({ exif, xmp, iptc, icc, orientation }).toEqual({});
        expect(file.includes(CAMERA_MAKE)).toBe(false);
      }
    }
  });
});

describe('the picture in a thumbnail', () => {
  for (const [name, make] of Object.entries({
    'a PNG': pngPicture,
    'a PNG of 16 bits': deepPng,
    'a PNG with a palette': palettePng,
    'a WebP': webpPicture,
    'an AVIF': avifPicture,
    'a JPEG in wide colours': wideGamutJpeg,
  })) {
    it(`looks as it did: ${name}`, async () => {
      for (const { file } of outputsOf(await render(await make()))) expect(await isUpright(file)).toBe(true);
    });
  }

  it('is the first frame of an animation', async () => {
    for (const make of [animatedGif, animatedWebp]) {
      const { files } = await render(await make());
      expect(await isUpright(files.large.webp)).toBe(true);
      expect((await sharp(files.large.webp).metadata()).pages).toBeUndefined();
    }
  });

  it('keeps its transparency in WebP and stands on white in JPEG', async () => {
    for (const make of [transparentPng, transparentAvif]) {
      const { files } = await render(await make());
      const alphas = await sharp(files.large.webp).extractChannel(3).raw().toBuffer();
      expect(alphas[150 * 300 + 75]).toBe(255);
      expect(alphas[150 * 300 + 225]).toBe(0);
      const colours = await cornerColours(files.large.jpg);
      expect(isNear(colours.topLeft, SCENE_COLOURS.topLeft)).toBe(true);
      expect(isNear(colours.topRight, [255, 255, 255], 5)).toBe(true);
    }
  });

  it('has no alpha channel when the upload has none', async () => {
    const { files } = await render(await pngPicture());
    expect((await sharp(files.large.webp).metadata()).hasAlpha).toBe(false);
  });

  it("has the colours of a print shop's CMYK, as far as ink can show them", async () => {
    const colours = await cornerColours((await render(await cmykJpeg())).files.large.jpg);
    expect(isNear(colours.topLeft, SCENE_COLOURS.topLeft)).toBe(true);
    expect(isNear(colours.bottomLeft, SCENE_COLOURS.bottomLeft, 90)).toBe(true);
  });

  it('applies the colour profile: wide colours come out as those that were meant', async () => {
    const colours = await cornerColours((await render(await wideGamutJpeg())).files.large.webp);
    expect(isNear(colours.topRight, SCENE_COLOURS.topRight, 8)).toBe(true);
  });

  it('stays grey when it is grey', async () => {
    const { topLeft } = await cornerColours((await render(await greyPng())).files.large.webp);
    expect(Math.max(...topLeft) - Math.min(...topLeft)).toBeLessThan(3);
  });
});

describe('a crop', () => {
  /** The same square cut from the upright original pixels, then scaled: slow and obvious. */
  async function croppedDirectly(file: Uint8Array, crop: Crop): Promise<Buffer> {
    const upright = await sharp(file).autoOrient().png().toBuffer();
    const { width, height } = await sharp(upright).metadata();
    const side = Math.round(crop.size * Math.min(width, height));
    return sharp(upright)
      .extract({ left: Math.round(crop.x * width), top: Math.round(crop.y * height), width: side, height: side })
      .resize(300, 300)
      .raw()
      .toBuffer();
  }

  /** Mean distance of two pictures' channels, 0 to 255. */
  function distance(one: Buffer, other: Buffer): number {
    return one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 255)), 0) / one.length;
  }

  const CROPS: Readonly<Record<string, Crop>> = {
    'in a corner': { x: 0, y: 0, size: 0.4 },
    'in the opposite corner': { x: 0.7, y: 0.6, size: 0.4 },
    'across the middle': { x: 0.31, y: 0.17, size: 0.61 },
    'of the whole height': { x: 0.2, y: 0, size: 1 },
    'so small that it is enlarged': { x: 0.48, y: 0.47, size: 0.06 },
  };

  for (const [name, crop] of Object.entries(CROPS)) {
    it(`shows the same square as cutting the original would: ${name}`, async () => {
      for (const orientation of [1, 6] as const) {
        const file = await jpegPhoto({ orientation, width: 2_000, height: 1_500 });
        const { files } = await render(file, crop);
        const rendered = await sharp(files.large.webp).raw().toBuffer();
        expect(distance(rendered, await croppedDirectly(file, crop))).toBeLessThan(1.5);
      }
    });
  }

  it('shows one colour only when it is cut from one quarter', async () => {
    const { files } = await render(await jpegPhoto({ orientation: 8 }), { x: 0.6, y: 0.55, size: 0.4 });
    for (const colour of Object.values(await cornerColours(files.small.jpg))) {
      expect(isNear(colour, SCENE_COLOURS.bottomRight, 12)).toBe(true);
    }
  });

  it('of half a pixel beyond the edge is moved inside', async () => {
    const { files } = await render(await pngPicture({ width: 401, height: 301 }), { x: 0.2506, y: 0.0008, size: 1 });
    expect(await sharp(files.large.jpg).metadata()).toMatchObject({ width: 300, height: 300 });
  });
});

describe('what is known of the rendered picture', () => {
  it('is the size of the upright original and its ThumbHash', async () => {
    const { width, height, thumbHash } = await render(await jpegPhoto({ orientation: 6, width: 640, height: 480 }));
    expect({ width, height }).toEqual({ width: 640, height: 480 });
    expect(Buffer.from(thumbHash, 'base64').length).toBeGreaterThan(15);
  });

  it('is nothing when the pixels are damaged behind a good header', async () => {
    const jpeg = await jpegPhoto();
    const holed = Buffer.concat([jpeg.subarray(0, jpeg.length / 2), jpeg.subarray(-2)]);
    await expect(render(holed)).rejects.toMatchObject({ code: 'image_damaged' });
    const png = await pngPicture();
    png.fill(0xaa, png.indexOf('IDAT') + 20, png.length - 20);
    await expect(render(png)).rejects.toMatchObject({ code: 'image_damaged' });
  });
});
