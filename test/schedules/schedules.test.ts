import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openLocalAdapters } from '../scenarios/local-adapters.ts';
import type { Bounds } from './disturbances.ts';
import { type Exploration, explore } from './explore.ts';
import { EXPLORED } from './explored.ts';
import { keepViolations, replayEach } from './found-violations.ts';
import { openMemoryAdapters } from './memory-adapters.ts';
import { type End, expectSameAlone } from './same-alone.ts';
import { withRecords } from './schedule-adapters.ts';

/** SCHEDULES=all goes as far as is possible within an hour. */
const isLong = process.env.SCHEDULES === 'all';
const TIMEOUT = isLong ? 3_600_000 : 300_000;

describe('all schedules of concurrent tasks, with functions that die or pause beyond their lease', () => {
  // Retries have no jitter, so that every run is the same.
  beforeAll(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));
  afterAll(() => void vi.restoreAllMocks());

  it.each(EXPLORED)(
    '$scenario.title: every invariant holds',
    { timeout: TIMEOUT },
    async ({ scenario, usual, all }) => {
      const bounds = isLong ? all : usual;
      const ends: End[] = [];
      const onEnd = (schedule: string, snapshot: End['snapshot']) => void ends.push({ schedule, snapshot });
      const start = performance.now();
      const exploration = await explore({ scenario, bounds, onEnd });
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${scenario.title}: ${summaryOf(exploration, bounds)}, ${seconds} s`);
      await keepViolations({ [scenario.title]: exploration.violations });
      const replayed = await replayEach(scenario, exploration.violations, withRecords(openLocalAdapters));
      expect(replayed, 'violations, replayed on a folder and SQLite').toEqual([]);
      await expectSameAlone({ scenario, ends, most: 10 }, openMemoryAdapters);
      await expectSameAlone({ scenario, ends, most: 2 }, withRecords(openLocalAdapters));
    },
  );
});

function summaryOf({ schedules, positions, merged, ends, violations }: Exploration, bounds: Bounds): string {
  const number = (count: number) => count.toLocaleString('en');
  const preemptions = bounds.map((most, disturbed) => `${most} with ${disturbed} dead or paused`).join(', ');
  const states = `${number(positions)} states (${number(merged)} merged), ${number(ends)} ends`;
  return `${number(schedules)} schedules (preemptions: ${preemptions}), ${states}, ${violations.length} violations`;
}
