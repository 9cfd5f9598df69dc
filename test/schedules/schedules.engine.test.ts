import { describe, expect, it } from 'vitest';
import { openEngineAdapters } from '../scenarios/engine-adapters.ts';
import { explore } from './explore.ts';
import { EXPLORED } from './explored.ts';
import { foundViolations, replayEach } from './found-violations.ts';
import { type End, expectSameAlone } from './same-alone.ts';
import { withRecords } from './schedule-adapters.ts';

describe('some schedules of concurrent tasks on S3 and DynamoDB', () => {
  it.each(EXPLORED)('$scenario.title: come to the same end as in memory', async ({ scenario }) => {
    const ends: End[] = [];
    const onEnd = (schedule: string, snapshot: End['snapshot']) => void ends.push({ schedule, snapshot });
    const { violations } = await explore({ scenario, bounds: [0, 0], onEnd });
    expect(violations).toEqual([]);
    await expectSameAlone({ scenario, ends, most: 2 }, withRecords(openEngineAdapters));
  });

  it.each(EXPLORED)('$scenario.title: show none of the violations found in memory', async ({ scenario }) => {
    const { [scenario.title]: violations = [] } = await foundViolations();
    expect(await replayEach(scenario, violations, withRecords(openEngineAdapters))).toEqual([]);
  });
});
