import { describe, expect, it } from 'vitest';
import { costOf } from './cost.ts';
import { ATTACHMENTS, AVATARS } from './costly-files.ts';

/** Bytes of the largest avatar. */
const LARGEST_FILE = 40 * 1024 ** 2;
/** Bytes of the largest picture whose metadata is removed. */
const LARGEST_ATTACHMENT = 64 * 1024 ** 2;

const TO_MAKE_AND_TO_LOOK_AT = { timeout: 300_000 };

describe('inspecting and rendering', () => {
  for (const [what, outcome, make, crop] of AVATARS) {
    it(`ends for ${what}, which is ${outcome}`, TO_MAKE_AND_TO_LOOK_AT, async () => {
      const bytes = await make();
      expect(bytes.length).toBeLessThanOrEqual(LARGEST_FILE);
      expect(await costOf('inspect-and-render.ts', bytes, crop)).toMatchObject({ outcome });
    });
  }
});

describe('stripping and describing', () => {
  for (const [what, outcome, make] of ATTACHMENTS) {
    it(`ends for ${what}, which is ${outcome}`, TO_MAKE_AND_TO_LOOK_AT, async () => {
      const bytes = await make();
      expect(bytes.length).toBeLessThanOrEqual(LARGEST_ATTACHMENT);
      expect(await costOf('strip-and-describe.ts', bytes)).toMatchObject({ outcome });
    });
  }
});
