import { describe, expect, it } from 'vitest';
import { cleanHeader, readHeader } from '../../../shared/images/profiles/header.ts';
import { UnusableProfileError } from '../../../shared/images/profiles/unusable-profile.ts';
import { colourProfile, matrixProfile, matrixProfileOfVersion4 } from '../../fixtures/colour-profiles.ts';
import { fixed } from '../../fixtures/profile-elements.ts';
import { altered } from './profile-tags.ts';

const ILLUMINANT_AT = 68;

function clean(profile: Buffer): Buffer {
  return cleanHeader(readHeader(profile));
}

describe('a clean header', () => {
  it('is zero but for what changes colours, whatever the original says', () => {
    const full = altered(matrixProfile(), (copy) => {
      copy.fill(0xff, 4, 8);
      copy.fill(0xff, 24, 36);
      copy.fill(0xff, 40, 64);
      copy.fill(0xff, 80, 128);
    });
    const expected = Buffer.alloc(128);
    expected.write('\x02\x40\0\0mntrRGB XYZ ', 8, 'latin1');
    expected.write('acsp', 36, 'latin1');
    fixed(0.9642, 1, 0.8249).copy(expected, ILLUMINANT_AT);
    expected[47] = 0b11; // embedded, and for this image only
    expected[63] = 0b1111; // transparent, matte, negative, black and white
    expect(clean(full)).toEqual(expected);
  });

  it.each([0, 1, 2, 3])('keeps rendering intent %d', (intent) => {
    expect(clean(altered(matrixProfile(), (copy) => copy.writeUInt32BE(intent, 64))).readUInt32BE(64)).toBe(intent);
  });

  it.each([4, 0x10001, 0xffffffff])('has the perceptual intent instead of %d', (intent) => {
    expect(clean(altered(matrixProfile(), (copy) => copy.writeUInt32BE(intent, 64))).readUInt32BE(64)).toBe(0);
  });

  it.each([
    ['\x02\x10\0\0', '\x02\x10\0\0'],
    ['\x04\x30\0\0', '\x04\x30\0\0'],
    ['\x04\x37ab', '\x04\x30\0\0'],
    ['\x02\xffab', '\x02\x40\0\0'],
  ])('has of version %j no more than %j', (written, kept) => {
    const header = clean(altered(matrixProfile(), (copy) => copy.write(written, 8, 'latin1')));
    expect(header.toString('latin1', 8, 12)).toBe(kept);
  });

  it('keeps an illuminant that programs round differently', () => {
    const rounded = Buffer.from('0000f6d5000100000000d32c', 'hex');
    expect(clean(altered(matrixProfile(), (copy) => rounded.copy(copy, ILLUMINANT_AT)))).toMatchObject(
      altered(clean(matrixProfile()), (copy) => rounded.copy(copy, ILLUMINANT_AT)),
    );
  });
});

describe('a header', () => {
  it.each(['scnr', 'mntr', 'prtr', 'spac'])('is accepted with the class "%s"', (profileClass) => {
    expect(readHeader(colourProfile({ profileClass, tags: {} }))).toMatchObject({
      majorVersion: 2,
      colourSpace: 'RGB ',
      connectionSpace: 'XYZ ',
    });
  });

  it('comes with the content that it declares, and no more', () => {
    const { content, majorVersion } = readHeader(Buffer.concat([matrixProfileOfVersion4(), Buffer.alloc(9)]));
    expect(content).toEqual(matrixProfileOfVersion4());
    expect(majorVersion).toBe(4);
  });

  it.each([
    ['a device link', 12, 'link'],
    ['an abstract profile', 12, 'abst'],
    ['named colours', 12, 'nmcl'],
    ['version 1', 8, '\x01\0'],
    ['version 3', 8, '\x03\0'],
    ['version 5, which may hold programs', 8, '\x05\0'],
    ['images in Lab', 16, 'Lab '],
    ['images with six inks', 16, '6CLR'],
    ['another connection space', 20, 'RGB '],
    ['a wrong signature', 36, 'ascp'],
    ['a wrong illuminant', ILLUMINANT_AT, '\0\0\0\0'],
    ['a size of zero', 0, '\0\0\0\0'],
    ['a size below that of a header', 0, '\0\0\0\x83'],
    ['a size beyond the data', 0, '\0\0\x10\0'],
    ['a size beyond any file', 0, '\xff\xff\xff\xff'],
  ])('is refused for %s', (_, at, text) => {
    const profile = altered(matrixProfile(), (copy) => copy.write(text, at, 'latin1'));
    expect(() => readHeader(profile)).toThrow(UnusableProfileError);
  });
});
