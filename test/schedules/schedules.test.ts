import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openLocalAdapters } from '../scenarios/local-adapters.ts';
import { explore } from './explore.ts';
import { EXPLORED } from './explored.ts';
import { openMemoryAdapters } from './memory-adapters.ts';
import { replay } from './replay.ts';
import { evenly, withoutTimes } from './sample.ts';
import type { Scenario } from './scenario.ts';
import { withRecords } from './schedule-adapters.ts';
import type { Snapshot } from './snapshot.ts';

/** SCHEDULES=all goes as far as is possible within an hour. */
const isLong = process.env.SCHEDULES === 'all';
const TIMEOUT = isLong ? 3_600_000 : 300_000;

/** An end of schedules, with one of them. */
interface End {
  readonly schedule: string;
  readonly snapshot: Snapshot;
}

describe('all schedules of concurrent tasks, with functions that die or pause beyond their lease', () => {
  // Retries have no jitter, so that every run is the same.
  beforeAll(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));
  afterAll(() => void vi.restoreAllMocks());

  it.each(EXPLORED)('$scenario.title: every invariant holds in each', { timeout: TIMEOUT }, async (explored) => {
    const { scenario } = explored;
    const bounds = isLong ? explored.all : explored.usual;
    const ends: End[] = [];
    const start = performance.now();
    const { violations, ...counts } = await explore({
      scenario,
      bounds,
      onEnd: (schedule, snapshot) => void ends.push({ schedule, snapshot }),
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${scenario.title}: ${lineOf(bounds, counts)}, ${violations.length} violations, ${seconds} s`);
    expect(violations).toEqual([]);
    for (const end of evenly(ends, 10)) await expectSameAlone(scenario, end, openMemoryAdapters);
    for (const end of evenly(ends, 2)) await expectSameAlone(scenario, end, withRecords(openLocalAdapters));
  });
});

type Counts = Omit<Awaited<ReturnType<typeof explore>>, 'violations'>;

function lineOf(bounds: readonly number[], { schedules, positions, merged, ends }: Counts): string {
  const preemptions = bounds.map((most, disturbed) => `${most} with ${disturbed} deaths or pauses`).join(', ');
  const number = (count: number) => count.toLocaleString('en');
  const how = `${number(positions)} positions, ${number(merged)} times one that was known, ${number(ends)} ends`;
  return `${number(schedules)} schedules (preemptions: ${preemptions}), ${how}`;
}

/** One of the merged schedules, run by itself on real or in-memory adapters, comes to the same end. */
async function expectSameAlone(
  scenario: Scenario,
  { schedule, snapshot }: End,
  openAdapters: Parameters<typeof replay>[1],
): Promise<void> {
  const alone = await replay({ scenario, schedule }, openAdapters);
  expect({ schedule, violations: alone.violations }).toEqual({ schedule, violations: [] });
  expect({ schedule, ...withoutTimes(alone.snapshot) }).toEqual({ schedule, ...withoutTimes(snapshot) });
}
