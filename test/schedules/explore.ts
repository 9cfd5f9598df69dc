import type { Bounds } from './disturbances.ts';
import { createMachine } from './machine.ts';
import { createPositions } from './position.ts';
import { createRest } from './rest.ts';
import type { Plant, Scenario } from './scenario.ts';
import { formatSchedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';
import { createSteps } from './steps.ts';
import { createViolations, type Violation } from './violations.ts';

export interface Exploration {
  /** All different ones within the bounds. */
  readonly schedules: number;
  /** Different positions of all tasks and stores, and how often schedules were merged into one. */
  readonly positions: number;
  readonly merged: number;
  /** Different ends of schedules, each of which was brought to rest. */
  readonly ends: number;
  readonly violations: readonly Violation[];
}

export interface ExploreOptions {
  readonly scenario: Scenario;
  readonly plant?: Plant;
  readonly bounds: Bounds;
  /** The exploration ends with the first violation of this kind. @default - it goes on to the end */
  readonly until?: (violation: Violation) => boolean;
  /** Called for every different end of schedules: with one of them, and what is stored at rest. */
  readonly onEnd?: (schedule: string, snapshot: Snapshot) => void;
}

/**
 * Runs all schedules within the bounds side by side, one step after another: from each position it goes to every one that
 * can follow. Schedules that come to equal positions are merged there, and counted.
 *
 * That misses nothing. What a task does next follows from the answers to its calls and from the clock; what a call does
 * follows from what is stored. So two positions with the same stores, the same answers for each task, and the same time
 * have the same future, and each call in each state of the stores, and each stretch of the service's code between two
 * answers, has to run only once. Calls that one task makes side by side take effect in the order in which it makes them.
 */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const violations = createViolations();
  const machine = await createMachine(options);
  const { states, tasks } = machine;
  const { first, choices, each } = createSteps(machine, options.bounds);
  const positions = createPositions({ stateOf: states.withId, taskOf: tasks.withId, choices, first });
  const rest = createRest(machine);
  const counts = { schedules: 0, positions: 1, merged: 0, ends: 0 };
  violations.add(states.faultsOf(first.at, first.now), false, () => []);

  async function goOnFrom(from: number): Promise<void> {
    const position = positions.at(from);
    const isEnd = await each(position, ({ position: reached, choice, faults }) => {
      if (positions.reach(reached, { from, choice })) counts.positions += 1;
      else counts.merged += 1;
      if (faults.length === 0) return;
      violations.add(faults, false, () => [...positions.choicesTo(from), choices[choice] as (typeof choices)[number]]);
    });
    if (!isEnd) return;
    counts.schedules += position.ways.reduce((sum, ways) => sum + ways, 0);
    const rested = await rest(position);
    if (!rested) return;
    counts.ends += 1;
    violations.add(rested.onTheWay, false, () => positions.choicesTo(from));
    violations.add(rested.atRest, true, () => positions.choicesTo(from));
    options.onEnd?.(formatSchedule(positions.choicesTo(from)), rested.snapshot);
  }

  const { until = () => false } = options;
  for (; positions.size > 0 && !violations.list().some(until); positions.advance()) {
    for (let index = 0; index < positions.size; index += 1) await goOnFrom(index);
  }
  return { ...counts, violations: violations.list() };
}
