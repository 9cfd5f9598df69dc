import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { rebuildProfile, rebuildProfileInPlace } from '../../../shared/images/profiles/rebuild-profile.ts';
import { DISPLAY_SECRETS, displayProfile, profileBomb } from '../../fixtures/colour-profiles.ts';
import { HONEST_PROFILES } from '../../fixtures/honest-profiles.ts';
import { holdsText, tagsOf } from './profile-tags.ts';

/** Larger ones would only make the tests slower: their bytes are values of tables. */
const MOST_BYTES = 16_000;

const ALLOWED_TYPES = /^(?:XYZ |sf32|cicp|curv|para|mft[12]|mAB |mBA |text|desc|mluc)$/;

let originals: readonly Buffer[];

beforeAll(async () => {
  const honest = await Promise.all(HONEST_PROFILES.map(([, , make]) => make()));
  originals = [...honest.filter(({ length }) => length < MOST_BYTES), profileBomb(10)];
});

/** A value that readers may trip over. */
const byte = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 16, 0x7f, 0x80, 0xff), fc.nat(255));
/** Most of them in the header, the tag table and the heads of the first elements. */
const place = fc.oneof({ weight: 3, arbitrary: fc.nat(500) }, { weight: 1, arbitrary: fc.nat(MOST_BYTES) });
const change = fc.record({ place, byte });
const alteration = fc.record({
  original: fc.nat(),
  changes: fc.array(change, { minLength: 1, maxLength: 6 }),
  cut: fc.option(fc.nat(MOST_BYTES), { freq: 8 }),
});

type Alteration = typeof alteration extends fc.Arbitrary<infer T> ? T : never;

function apply({ changes, cut }: Omit<Alteration, 'original'>, original: Buffer): Buffer {
  const profile = Buffer.from(original.subarray(0, cut ?? original.length));
  for (const one of changes) if (one.place < profile.length) profile[one.place] = one.byte;
  return profile;
}

describe('whatever bytes of a profile change', () => {
  it('the rebuilt profile is none, or one that is rebuilt to itself and has elements of allowed types alone', () => {
    let rebuiltCount = 0;
    fc.assert(
      fc.property(alteration, ({ original, ...rest }) => {
        const profile = apply(rest, originals[original % originals.length] ?? displayProfile());
        if (expectAllowed(profile)) rebuiltCount += 1;
        expectAllowedInPlace(profile);
      }),
      { numRuns: 1500 },
    );
    // Else the property says little.
    expect(rebuiltCount).toBeGreaterThan(150);
  });

  it('the rebuilt profile holds no text about a display and its owner', () => {
    const original = displayProfile();
    fc.assert(
      fc.property(alteration, (one) => {
        const profile = apply(one, original);
        for (const rebuilt of [rebuildProfile(profile), rebuildProfileInPlace(profile)]) {
          if (rebuilt === undefined) continue;
          expect(DISPLAY_SECRETS.filter((secret) => holdsText(rebuilt, secret))).toEqual([]);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** @returns whether there is a rebuilt profile */
function expectAllowed(profile: Buffer): boolean {
  const rebuilt = rebuildProfile(profile);
  if (rebuilt === undefined) return false;
  expect(rebuildProfile(rebuilt)?.equals(rebuilt)).toBe(true);
  for (const element of Object.values(tagsOf(rebuilt))) {
    expect(element.toString('latin1', 0, 4)).toMatch(ALLOWED_TYPES);
  }
  return true;
}

function expectAllowedInPlace(profile: Buffer): void {
  const rebuilt = rebuildProfileInPlace(profile);
  if (rebuilt === undefined) return;
  expect(rebuilt).toHaveLength(profile.length);
  expect(rebuildProfileInPlace(rebuilt)?.equals(rebuilt)).toBe(true);
  expect(rebuildProfile(rebuilt)?.equals(rebuildProfile(profile) ?? rebuilt)).toBe(true);
}
