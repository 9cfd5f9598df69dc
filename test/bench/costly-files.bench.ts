import { describe, expect, it } from 'vitest';
import { jpegPhoto } from '../fixtures/pictures.ts';
import { costOf } from '../images/cost.ts';
import { ATTACHMENTS, AVATARS } from '../images/costly-files.ts';

/*
 * What the files that cost most take: at most 10 s of the processor's time and 1 GB. Printed as ratios to a small photo.
 */

const MOST_MILLISECONDS = 10_000;
const MOST_BYTES = 1_000_000_000;

describe.each([
  ['inspecting and rendering', 'inspect-and-render.ts', AVATARS],
  ['stripping and describing', 'strip-and-describe.ts', ATTACHMENTS],
] as const)('%s', (_, script, files) => {
  it('takes no more than a function has', { timeout: 600_000 }, async () => {
    const usual = await costOf(script, await jpegPhoto());
    for (const [what, , make, crop] of files) {
      const { milliseconds, peakBytes } = await costOf(script, await make(), crop);
      const ratio = (milliseconds / usual.milliseconds).toFixed(1);
      console.log(
        `  ${what}: ${ratio} x a small photo (${milliseconds.toFixed(0)} ms), ${(peakBytes / 1e6).toFixed(0)} MB`,
      );
      expect(milliseconds, what).toBeLessThan(MOST_MILLISECONDS);
      expect(peakBytes, what).toBeLessThan(MOST_BYTES);
    }
  });
});
