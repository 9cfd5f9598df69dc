import type { Bounds } from './disturbances.ts';
import type { Scenario } from './scenario.ts';
import {
  abortAndCrop,
  deleteAndPurge,
  deleteWithTwoWorkers,
  draftClaim,
  multipartCompletion,
  reSentForm,
} from './scenarios/index.ts';

/** How far a scenario is explored: in every run of the tests, and with SCHEDULES=all. */
interface Explored {
  readonly scenario: Scenario;
  readonly usual: Bounds;
  readonly all: Bounds;
}

export const EXPLORED: readonly Explored[] = [
  { scenario: reSentForm, usual: [3, 2], all: [3, 3, 0] },
  { scenario: deleteAndPurge, usual: [3, 2], all: [3, 3, 1] },
  { scenario: deleteWithTwoWorkers, usual: [2, 0], all: [3, 2] },
  { scenario: abortAndCrop, usual: [3, 3], all: [3, 3, 3] },
  { scenario: multipartCompletion, usual: [3, 2], all: [3, 3, 2] },
  { scenario: draftClaim, usual: [3, 3, 3], all: [3, 3, 3, 3] },
];
