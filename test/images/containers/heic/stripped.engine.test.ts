import { describe, expect, it } from 'vitest';
import { displayedSize } from '../../../../shared/images/containers/isobmff/displayed-size.ts';
import { stripMetadata } from '../../../../shared/images/strip-metadata.ts';
import { personalTags, readAllTags } from '../../../engines/exiftool.ts';
import { decodeWithPillow } from '../../../engines/pillow.ts';
import { heicTile, plainHeic, seiUnit, taggedHeic } from '../../../fixtures/tagged/tagged-heic.ts';

describe.each([
  ['rotated as iPhones do', {}],
  ['not rotated', { turns: 0 }],
  ['upside down', { turns: 2 }],
  ['cropped and rotated', { turns: 1, crop: { width: 300, height: 200 } }],
])('a stripped HEIC, %s', (_, options) => {
  it('shows the same pixels in the same colours, in the size that is recorded', async () => {
    const file = await taggedHeic(options);
    const stripped = Buffer.from(stripMetadata(file, 'image/heic'));
    const [before, after] = [await decodeWithPillow(file), await decodeWithPillow(stripped)];
    const { width, height, mode, orientation, frames } = before;
    expect(after).toMatchObject({ width, height, mode, orientation });
    expect(after.frames[0]?.pixels.equals(frames[0]?.pixels ?? Buffer.alloc(0))).toBe(true);
    expect(displayedSize(stripped)).toEqual({ width, height });
  });
});

describe('a stripped HEIC', () => {
  it('has no metadata, thumbnail or depth map that a decoder finds', async () => {
    const file = await taggedHeic();
    expect(await decodeWithPillow(file)).toMatchObject({ thumbnails: 1, depthImages: 1, exif: expect.any(String) });
    expect(await decodeWithPillow(stripMetadata(file, 'image/heic'))).toMatchObject({
      thumbnails: 0,
      depthImages: 0,
      exif: null,
      xmp: null,
      auxiliaryImages: ['urn:com:apple:photo:2020:aux:hdrgainmap'],
    });
  });

  it('has no tag that says where, when, by whom or with what it was taken', async () => {
    const file = await taggedHeic();
    expect(personalTags(await readAllTags(file))).toEqual(
      expect.arrayContaining(['IFD0:Make', 'QuickTime:HandlerDescription']),
    );
    expect(personalTags(await readAllTags(stripMetadata(file, 'image/heic')))).toEqual([]);
  });

  it('shows the same pixels when messages with escapes were overwritten', async () => {
    const message = seiUnit(5, Buffer.from([...Array(16).fill(7), 0, 0, 1, 9, 0, 0, 0, 0, 3, 200, 0, 0]));
    const file = plainHeic(Buffer.concat([message, heicTile(), seiUnit(4, 'text', 40)]));
    const [before, after] = [await decodeWithPillow(file), await decodeWithPillow(stripMetadata(file, 'image/heic'))];
    expect(after.frames).toEqual(before.frames);
    expect(before.frames).toEqual((await decodeWithPillow(plainHeic())).frames);
  });
});
