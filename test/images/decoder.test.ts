import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeHeader, decodePixels } from '../../shared/images/decoder.ts';
import { SVG_FILES } from '../fixtures/hostile-files.ts';
import { avifPicture, jpegPhoto, webpPicture } from '../fixtures/pictures.ts';
import { storedScene } from '../fixtures/scene.ts';

describe('the decoder', () => {
  it('opens no SVG and no TIFF, even when nothing was checked before', async () => {
    const { data, ...size } = storedScene(40, 30);
    const tiff = await sharp(data, { raw: { ...size, channels: 3 } })
      .tiff()
      .toBuffer();
    for (const file of [tiff, ...Object.values(SVG_FILES)]) {
      await expect(decodeHeader(file)).rejects.toMatchObject({ code: 'image_damaged' });
    }
  });

  it('opens no files, even of an accepted type', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'decoder-'));
    try {
      await writeFile(join(folder, 'picture.jpg'), await jpegPhoto());
      await expect(sharp(join(folder, 'picture.jpg')).metadata()).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the type and the upright size', async () => {
    expect(await decodeHeader(await jpegPhoto({ orientation: 6 }))).toEqual({
      contentType: 'image/jpeg',
      width: 400,
      height: 300,
      colours: 'ordinary',
    });
    expect(await decodeHeader(await webpPicture())).toMatchObject({ contentType: 'image/webp' });
    expect(await decodeHeader(await avifPicture())).toMatchObject({ contentType: 'image/avif' });
  });

  it('treats what others warn about as damage', async () => {
    const file = await jpegPhoto();
    const holed = Buffer.concat([file.subarray(0, -200), file.subarray(-2)]);
    await expect(sharp(holed, { failOn: 'none' }).raw().toBuffer()).resolves.toBeDefined();
    await expect(decodePixels(holed, 'ordinary', (picture) => picture)).rejects.toMatchObject({
      code: 'image_damaged',
    });
  });
});
