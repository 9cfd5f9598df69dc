import { describe, expect, it } from 'vitest';
import { displayedSize } from '../../../../shared/images/containers/isobmff/displayed-size.ts';
import { heicFile } from '../../../fixtures/hostile-files.ts';
import { plainHeic, taggedHeic } from '../../../fixtures/tagged/tagged-heic.ts';

describe('the size of a HEIC', () => {
  it.each([
    [0, { width: 504, height: 378 }],
    [1, { width: 378, height: 504 }],
    [2, { width: 504, height: 378 }],
    [3, { width: 378, height: 504 }],
  ])('is that of the grid after %i quarter turns', async (turns, size) => {
    expect(displayedSize(await taggedHeic({ turns }))).toEqual(size);
  });

  it('is that of the crop, rotated', async () => {
    expect(displayedSize(await taggedHeic({ turns: 1, crop: { width: 300, height: 200 } }))).toEqual({
      width: 200,
      height: 300,
    });
  });

  it('is never larger than the image', async () => {
    expect(displayedSize(await taggedHeic({ turns: 0, crop: { width: 3000, height: 200 } }))).toEqual({
      width: 504,
      height: 200,
    });
  });

  it('is that of a single image', () => {
    expect(displayedSize(plainHeic())).toEqual({ width: 64, height: 64 });
  });

  it('is unknown when the file does not say, or says zero', async () => {
    const zero = plainHeic();
    zero.writeUInt32BE(0, zero.indexOf('ispe') + 8);
    const broken = plainHeic();
    broken.write('ispx', broken.indexOf('ispe'));
    const noCrop = await taggedHeic({ turns: 0, crop: { width: 0, height: 200 } });
    for (const file of [heicFile(), zero, broken, noCrop, Buffer.alloc(0), Buffer.from('text, not boxes')]) {
      expect(displayedSize(file)).toBeUndefined();
    }
  });

  it('leaves the file as it is', async () => {
    const file = await taggedHeic();
    const copy = Buffer.from(file);
    displayedSize(file);
    expect(file.equals(copy)).toBe(true);
  });
});
