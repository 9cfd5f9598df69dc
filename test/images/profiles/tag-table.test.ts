import { describe, expect, it } from 'vitest';
import { rebuildProfile } from '../../../shared/images/profiles/rebuild-profile.ts';
import { readTagTable } from '../../../shared/images/profiles/tag-table.ts';
import { UnusableProfileError } from '../../../shared/images/profiles/unusable-profile.ts';
import { displayProfile, matrixProfile } from '../../fixtures/colour-profiles.ts';
import { plainText, xyz } from '../../fixtures/profile-elements.ts';
import { altered, rowOf, tagsOf } from './profile-tags.ts';

const COUNT_AT = 128;

describe('a tag table', () => {
  it('has a row for each tag, in its order', () => {
    const rows = readTagTable(displayProfile()).map(({ signature, element }) => [signature, element] as const);
    expect(Object.fromEntries(rows)).toEqual(tagsOf(displayProfile()));
  });

  it('has at most 100 rows', () => {
    const others = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`x${at + 100}`, xyz(0, 0, 0)]));
    const ownTags = Object.keys(tagsOf(matrixProfile())).length;
    expect(readTagTable(matrixProfile(others(100 - ownTags)))).toHaveLength(100);
    expect(() => readTagTable(matrixProfile(others(101 - ownTags)))).toThrow(UnusableProfileError);
  });

  it.each([50, 0x100000, 0xffffffff])('is refused when it claims to have %d rows', (count) => {
    const profile = altered(matrixProfile(), (copy) => copy.writeUInt32BE(count, COUNT_AT));
    expect(() => readTagTable(profile)).toThrow(UnusableProfileError);
  });

  it('of 4 MiB is refused', () => {
    const profile = Buffer.alloc(4 << 20, 'rTRC\0\0\0\x84\0\0\0\x0c', 'latin1');
    matrixProfile().copy(profile, 0, 0, 128);
    profile.writeUInt32BE(profile.length, 0);
    profile.writeUInt32BE((profile.length - 132) / 12, COUNT_AT);
    expect(rebuildProfile(profile)).toBeUndefined();
  });

  it('that runs into the elements is refused', () => {
    const { startAt } = rowOf(matrixProfile(), 'bTRC');
    const profile = altered(matrixProfile(), (copy) => copy.writeUInt32BE(200, startAt));
    expect(() => readTagTable(profile)).toThrow(UnusableProfileError);
  });

  it.each(['rXYZ', 'targ'])('is refused when "%s" begins or ends beyond the profile', (tag) => {
    const { startAt, sizeAt } = rowOf(displayProfile(), tag);
    for (const [at, value] of [
      [startAt, 0xffffffff],
      [startAt, displayProfile().length],
      [sizeAt, 0xffffffff],
      [sizeAt, displayProfile().length],
    ] as const) {
      expect(() => readTagTable(altered(displayProfile(), (copy) => copy.writeUInt32BE(value, at)))).toThrow(
        UnusableProfileError,
      );
    }
  });
});

describe('elements', () => {
  it('that overlap in part make a profile unusable', () => {
    const { startAt } = rowOf(displayProfile(), 'gXYZ');
    const start = displayProfile().readUInt32BE(startAt);
    // The type is the same eight bytes further, so that only the overlap is wrong.
    const profile = altered(displayProfile(), (copy) => {
      copy.copy(copy, start + 8, start, start + 8);
      copy.writeUInt32BE(start + 8, startAt);
    });
    expect(rebuildProfile(profile)).toBeUndefined();
  });

  it('that begin together and end apart make a profile unusable', () => {
    const { sizeAt } = rowOf(matrixProfile(), 'gTRC');
    const profile = altered(matrixProfile(), (copy) => copy.writeUInt32BE(16, sizeAt));
    expect(rebuildProfile(profile)).toBeUndefined();
  });

  it('that run into the text of another tag make a profile unusable', () => {
    const secret = plainText('SERIAL-0042 '.repeat(4));
    const profile = matrixProfile({ targ: secret });
    const { startAt, sizeAt } = rowOf(profile, 'rTRC');
    const longer = altered(profile, (copy) => {
      for (const row of ['rTRC', 'gTRC', 'bTRC'].map((tag) => rowOf(profile, tag))) copy.writeUInt32BE(40, row.sizeAt);
      copy.writeUInt32BE(14, copy.readUInt32BE(startAt) + 8);
    });
    expect(longer.readUInt32BE(sizeAt)).toBe(40);
    expect(rebuildProfile(longer)).toBeUndefined();
  });

  it('of tags that go may overlap', () => {
    const { startAt } = rowOf(displayProfile(), 'dmdd');
    const profile = altered(displayProfile(), (copy) => copy.writeUInt32BE(copy.readUInt32BE(startAt) - 4, startAt));
    expect(rebuildProfile(profile)).toEqual(rebuildProfile(displayProfile()));
  });

  it('of a signature that occurs twice are the first one', () => {
    const profile = matrixProfile({ what: tagsOf(displayProfile()).rTRC ?? Buffer.alloc(0) });
    const twice = altered(profile, (copy) => copy.write('rTRC', copy.indexOf('what', 132), 'latin1'));
    expect(rebuildProfile(twice)).toEqual(rebuildProfile(matrixProfile()));
  });
});
