import { describe, expect, it, onTestFinished } from 'vitest';
import type { RenderLimits } from '../../../functions/rendering/render-process.ts';
import type { Behaviour } from '../rendering/hostile-images.ts';
import { openHostileLocalMode } from './hostile-local-mode.ts';

/** Low limits, that a photo is far below of and that the test can wait for. */
const CASES: readonly (readonly [Behaviour, Partial<RenderLimits>])[] = [
  ['hangs', { deadline: 8000 }],
  ['grows', { memoryBytes: 400_000_000 }],
];

describe('three images of one organization, over each of which the renderer', () => {
  it.each(CASES)(
    '%s: a photo of another one is ready meanwhile, and each ends after one attempt',
    async (what, limits) => {
      const local = await openHostileLocalMode(limits);
      onTestFinished(() => local.close());
      const hostile = await Promise.all(['eve', 'eli', 'eda'].map((user) => local.sendHostile('evil', user, what)));
      const photo = await local.sendPhoto('acme', 'ada');
      expect(await local.atItsEnd('acme', photo)).toMatchObject({ status: 'ready' });
      // What grows ends within a second, so only what hangs must still be there.
      const seen = await local.records(hostile);
      if (what === 'hangs') expect(seen.map((upload) => upload?.status)).not.toContain('rejected');

      const ended = await Promise.all(hostile.map((uploadId) => local.atItsEnd('evil', uploadId)));
      expect(ended.map(({ status, code }) => [status, code])).toEqual(Array(3).fill(['rejected', 'image_too_complex']));
      expect((await local.records(hostile)).map((upload) => upload?.attempts)).toEqual([1, 1, 1]);
    },
  );
});
