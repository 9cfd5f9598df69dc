import { beforeAll, describe, expect, it } from 'vitest';
import { rebuildProfile, rebuildProfileInPlace } from '../../../shared/images/profiles/rebuild-profile.ts';
import {
  colourProfile,
  DISPLAY_SECRETS,
  displayProfile,
  matrixProfile,
  matrixProfileOfVersion4,
  processingElements,
  profileBomb,
  sharedCurve,
  WIDE_PRIMARIES,
} from '../../fixtures/colour-profiles.ts';
import { HONEST_PROFILES } from '../../fixtures/honest-profiles.ts';
import { description, gamma, localizedText, lookupTable, plainText } from '../../fixtures/profile-elements.ts';
import { altered, holdsText, resized, tagsOf } from './profile-tags.ts';

const MATRIX_TAGS = ['wtpt', 'rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC', 'desc', 'cprt'];

describe.each(HONEST_PROFILES)('%s', (_, __, make) => {
  let original: Buffer;
  let rebuilt: Buffer;
  let inPlace: Buffer;

  beforeAll(async () => {
    original = await make();
    rebuilt = mustBe(rebuildProfile(original));
    inPlace = mustBe(rebuildProfileInPlace(original));
  });

  it('loses no tag that a transform uses', () => {
    const used = (profile: Buffer) => Object.keys(tagsOf(profile)).filter((tag) => TRANSFORM_TAGS.test(tag));
    expect(used(rebuilt).sort()).toEqual(used(original).sort());
    expect(used(inPlace)).toEqual(used(rebuilt));
  });

  it('is the same after it is rebuilt again', () => {
    expect(rebuildProfile(rebuilt)?.equals(rebuilt)).toBe(true);
    expect(rebuildProfile(inPlace)?.equals(rebuilt)).toBe(true);
    expect(rebuildProfileInPlace(inPlace)?.equals(inPlace)).toBe(true);
  });

  it('declares its own size, a multiple of 4', () => {
    expect(rebuilt.readUInt32BE(0)).toBe(rebuilt.length);
    expect(rebuilt.length % 4).toBe(0);
  });

  it('has the same bytes in place, up to zeros', () => {
    expect(inPlace).toHaveLength(original.length);
    expect(inPlace.readUInt32BE(0)).toBe(original.length - (original.length % 4));
    expect(inPlace.subarray(4, rebuilt.length).equals(rebuilt.subarray(4))).toBe(true);
    expect(inPlace.subarray(rebuilt.length).every((byte) => byte === 0)).toBe(true);
  });
});

const TRANSFORM_TAGS = /^(?:A2B|B2A)[012]$|^gamt$|^[rgb]XYZ$|^[rgbk]TRC$|^(?:wtpt|bkpt|chad|cicp)$/;

describe('a rebuilt profile', () => {
  it('keeps what a transform reads, byte for byte', () => {
    const { desc: _, cprt: __, ...original } = tagsOf(matrixProfile());
    expect(tagsOf(mustBe(rebuildProfile(matrixProfile())))).toMatchObject(original);
  });

  it('says nothing of a display, its owner and when it was measured', () => {
    for (const secret of DISPLAY_SECRETS) expect([secret, holdsText(displayProfile(), secret)]).toEqual([secret, true]);
    for (const profile of [rebuildProfile(displayProfile()), rebuildProfileInPlace(displayProfile())]) {
      expect(DISPLAY_SECRETS.filter((secret) => holdsText(mustBe(profile), secret))).toEqual([]);
      expect(mustBe(profile).subarray(24, 36)).toEqual(Buffer.alloc(12));
      expect(Object.keys(tagsOf(mustBe(profile)))).toEqual(MATRIX_TAGS);
    }
  });

  it('has the same description and copyright as every other, as its version writes them', () => {
    const [second, fourth] = [matrixProfile(), matrixProfileOfVersion4()].map((one) =>
      tagsOf(mustBe(rebuildProfile(one))),
    );
    expect(second).toMatchObject({ desc: description('none'), cprt: plainText('none') });
    expect(fourth).toMatchObject({ desc: localizedText('none'), cprt: localizedText('none') });
  });

  it('shares an element as the original does', () => {
    const { rTRC, gTRC, bTRC } = tagsOf(mustBe(rebuildProfile(matrixProfile())));
    expect([gTRC?.byteOffset, bTRC?.byteOffset]).toEqual([rTRC?.byteOffset, rTRC?.byteOffset]);
  });

  it('lacks processing elements, whatever tag has them', () => {
    const plain = mustBe(rebuildProfile(matrixProfileOfVersion4()));
    expect(rebuildProfile(profileBomb(20_000))).toEqual(plain);
    for (const tag of ['D2B0', 'D2B3', 'B2D1', 'A2B0', 'B2A1', 'gamt', 'cicp', 'bkpt', 'chrm', 'what']) {
      const rebuilt = mustBe(rebuildProfile(matrixProfileOfVersion4({ [tag]: processingElements(100) })));
      expect(rebuilt).toEqual(plain);
    }
  });

  it('is none if processing elements were its only transform', () => {
    expect(rebuildProfile(matrixProfileOfVersion4({ rTRC: processingElements(100) }))).toBeUndefined();
    const tags = { A2B0: processingElements(100), D2B0: processingElements(100) };
    expect(rebuildProfile(colourProfile({ version: 4, tags }))).toBeUndefined();
  });

  it('is made of the bytes that the original declares, not of those behind them', () => {
    const longer = Buffer.concat([matrixProfile(), Buffer.from('SERIAL-0042')]);
    expect(rebuildProfile(longer)).toEqual(rebuildProfile(matrixProfile()));
    expect(holdsText(mustBe(rebuildProfileInPlace(longer)), 'SERIAL-0042')).toBe(false);
  });

  it('leaves the original as it was', () => {
    const original = displayProfile();
    rebuildProfile(original);
    rebuildProfileInPlace(original);
    expect(original).toEqual(displayProfile());
  });

  it('can be made from a part of a larger buffer', () => {
    const file = Buffer.concat([Buffer.alloc(7, 0xff), matrixProfile(), Buffer.alloc(7, 0xff)]);
    expect(rebuildProfile(file.subarray(7, -7))).toEqual(rebuildProfile(matrixProfile()));
  });
});

describe('a profile that is rebuilt in place', () => {
  const small = colourProfile({ tags: { ...WIDE_PRIMARIES, ...sharedCurve(gamma(1.8)) } });

  it('has no description and copyright where there is no room for them', () => {
    const rebuilt = mustBe(rebuildProfileInPlace(small));
    expect(rebuilt).toHaveLength(small.length);
    expect(Object.keys(tagsOf(rebuilt))).toEqual(MATRIX_TAGS.slice(0, -2));
    expect(rebuildProfileInPlace(rebuilt)).toEqual(rebuilt);
  });

  it('is none if it would be longer', () => {
    const tight = resized(small, -2); // its last element ends there, and must be padded
    expect(rebuildProfileInPlace(tight)).toBeUndefined();
    expect(rebuildProfile(tight)).toEqual(rebuildProfile(small));
  });
});

const UNUSABLE: readonly (readonly [name: string, Buffer])[] = [
  ['empty', Buffer.alloc(0)],
  ['all zeros', Buffer.alloc(4096)],
  ['only a header', matrixProfile().subarray(0, 128)],
  ['without tags', colourProfile({ tags: {} })],
  ['for four inks, but has three channels', colourProfile({ tags: tagsOf(matrixProfile()), colourSpace: 'CMYK' })],
  ['for grey, but has three channels', colourProfile({ tags: tagsOf(matrixProfile()), colourSpace: 'GRAY' })],
  ['a matrix to Lab', colourProfile({ tags: tagsOf(matrixProfile()), connectionSpace: 'Lab ' })],
  ['for RGB, but has a table for four inks', matrixProfile({ A2B0: tableOf(4, 3) })],
  ['for RGB, but has a table to four inks', matrixProfile({ B2A1: tableOf(3, 4) })],
  ['for RGB, but has a table for two channels of the connection space', matrixProfile({ A2B2: tableOf(3, 2) })],
  ['with a gamut of three channels', matrixProfile({ gamt: tableOf(3, 3) })],
  ['with a damaged table', matrixProfile({ A2B0: tableOf(3, 3).subarray(0, -1) })],
  ...MATRIX_TAGS.slice(1, -2).map((tag) => [`without "${tag}"`, without(tag)] as const),
];

describe('a profile is unusable', () => {
  it.each(UNUSABLE)('if it is %s', (_, profile) => {
    expect(rebuildProfile(profile)).toBeUndefined();
    expect(rebuildProfileInPlace(profile)).toBeUndefined();
  });

  it('if it is cut off anywhere', () => {
    const whole = resized(matrixProfile(), -2); // without padding
    for (let length = 4; length < whole.length; length++) {
      expect(rebuildProfile(whole.subarray(0, length))).toBeUndefined();
      expect(rebuildProfile(resized(whole, length - whole.length))).toBeUndefined();
    }
  });
});

function tableOf(inputs: number, outputs: number): Buffer {
  return lookupTable({ inputs, outputs, points: 2, convert: () => Array(outputs).fill(0) }, 2);
}

function without(tag: string): Buffer {
  return altered(matrixProfile(), (copy) => copy.write('what', copy.indexOf(tag), 'latin1'));
}

function mustBe(profile: Buffer | undefined): Buffer {
  if (profile === undefined) throw new RangeError('the profile was not rebuilt');
  return profile;
}
