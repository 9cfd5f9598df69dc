import { createMachine, type Machine } from './machine.ts';
import { createLayer, type Layer } from './position.ts';
import { createRest } from './rest.ts';
import type { Plant, Scenario } from './scenario.ts';
import { createSteps } from './steps.ts';
import { createViolations, type Violation } from './violations.ts';

export interface Bounds {
  /** How often a task is interrupted that could go on. At the end of one task any other goes on, which is free. */
  readonly preemptions: number;
  /** How many functions die, or pause beyond their lease; each once at most. */
  readonly disturbances: number;
}

export interface Exploration {
  /** All different ones within the bounds. */
  readonly schedules: number;
  /** Positions of all tasks and stores, and how often a schedule came to one where another had been. */
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
}

/**
 * Runs all schedules within the bounds side by side, one step after another: from each position it goes to every one that
 * can follow. Where everything is equal, schedules are merged into one position, and counted.
 */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const violations = createViolations();
  const machine = await createMachine(options);
  const steps = createSteps(machine, options.bounds, violations);
  const rest = createRest(machine, violations);
  let layer = createLayer();
  layer.add(await steps.first());
  const counts = { schedules: 0, positions: 1, merged: 0, ends: 0 };
  while (layer.size > 0) layer = await nextLayer(layer);
  return { ...counts, violations: violations.list() };

  async function nextLayer({ positions }: Layer): Promise<Layer> {
    const next = createLayer();
    for (const position of positions) {
      const isEnd = await steps.each(position, (reached) => {
        if (next.add(reached)) counts.positions += 1;
        else counts.merged += 1;
      });
      if (!isEnd) continue;
      counts.schedules += position.ways.reduce((sum, ways) => sum + ways, 0);
      if (await rest(position)) counts.ends += 1;
    }
    return next;
  }
}

export type { Machine };
