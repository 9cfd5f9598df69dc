import { expect, it } from 'vitest';
import type { Bounds } from './disturbances.ts';
import { explore } from './explore.ts';
import {
  claimsBeforeWriting,
  flipsUnconditionally,
  losesReplacedSource,
  overwritesPublished,
  rendersCurrentOriginal,
} from './plants.ts';
import { replay } from './replay.ts';
import type { Plant, Scenario } from './scenario.ts';
import { abortAndCrop, cropOfSameType, reSentForm } from './scenarios/index.ts';
import type { Violation } from './violations.ts';

interface PlantedFault {
  readonly plant: Plant;
  readonly scenario: Scenario;
  readonly bounds: Bounds;
  /** What is wrong at rest because of it. */
  readonly fault: string;
}

const PLANTED: readonly PlantedFault[] = [
  {
    plant: overwritesPublished,
    scenario: reSentForm,
    bounds: [0, 1],
    fault: 'the original of two is published and not stored',
  },
  {
    plant: claimsBeforeWriting,
    scenario: reSentForm,
    bounds: [1, 1],
    fault: 'the original of one is "png two", which was not sent for it',
  },
  {
    plant: rendersCurrentOriginal,
    scenario: cropOfSameType,
    bounds: [1],
    fault: 'the original of crop is "jpeg two", which was not sent for it',
  },
  { plant: losesReplacedSource, scenario: abortAndCrop, bounds: [2], fault: 'crop ended as rejected upload_lost' },
  { plant: flipsUnconditionally, scenario: reSentForm, bounds: [1], fault: 'two is published, not three' },
];

/** Explores until the fault is found, and runs the schedule that showed it by itself on each pair of adapters. */
export function describePlantedFaults(pairs: readonly Parameters<typeof replay>[1][]): void {
  it.each(PLANTED)('$plant.title: found, and shown again by its schedule', { timeout: 300_000 }, async (planted) => {
    const { plant, scenario, bounds, fault } = planted;
    const isFault = (violation: Violation) => violation.isAtRest && violation.fault === fault;
    const { violations } = await explore({ scenario, plant, bounds, until: isFault });
    const found = violations.find(isFault);
    expect(found, `no schedule shows: ${fault}`).toBeDefined();
    const { schedule = '' } = found ?? {};
    console.log(`${plant.title}: ${schedule}`);
    for (const openAdapters of pairs) {
      expect((await replay({ scenario, plant, schedule }, openAdapters)).violations).toContainEqual(found);
    }
  });
}
