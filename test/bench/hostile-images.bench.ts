import { describe, expect, it } from 'vitest';
import { openHostileLocalMode } from '../functions/local/hostile-local-mode.ts';

/*
 * Milliseconds from ticket to `ready` for a photo of one organization in local mode, while three images of another
 * one make the renderer hang or grow, with the limits of the service: at most 2 s.
 */

const PHOTOS = 10;
const MOST_MILLISECONDS = 2000;

describe('a photo, from its ticket to its end', () => {
  it.each([undefined, 'hangs', 'grows'] as const)('is in time (%s)', { timeout: 300_000 }, async (what) => {
    const local = await openHostileLocalMode();
    try {
      await local.atItsEnd('acme', await local.sendPhoto('acme', 'first'));
      const senders = what === undefined ? [] : ['eve', 'eli', 'eda'];
      const hostile = await Promise.all(senders.map((user) => local.sendHostile('evil', user, what ?? 'hangs')));
      const taken: number[] = [];
      for (let photo = 0; photo < PHOTOS; photo += 1) {
        const start = performance.now();
        const { status } = await local.atItsEnd('acme', await local.sendPhoto('acme', `ada-${photo}`));
        expect(status).toBe('ready');
        taken.push(performance.now() - start);
      }
      const statuses = (await local.records(hostile)).map((upload) => upload?.status);
      const [median = 0, longest = 0] = [taken.toSorted((a, b) => a - b)[PHOTOS / 2], Math.max(...taken)];
      const figures = `median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`;
      console.log(`  while the renderer ${what ?? 'is idle'}: ${figures} [${statuses}]`);
      expect(longest).toBeLessThan(MOST_MILLISECONDS);
    } finally {
      await local.close();
    }
  });
});
