import { catchUp } from './come-to-rest.ts';
import type { Machine } from './machine.ts';
import { createMemoryStage } from './memory-stage.ts';
import type { MemoryState } from './memory-state.ts';
import { choiceOf, NO_FAULTS, type Position, type Reached } from './position.ts';
import { twinsOf } from './starts.ts';
import { BEYOND_LEASE } from './task-dependencies.ts';
import { DEAD } from './task-state.ts';

/**
 * How often a task is interrupted that could go on: in schedules in which no function dies or pauses beyond its lease, in
 * those in which one does, two do, and so on; each does once at most. At the end of a task any other goes on, which is
 * free.
 */
export type Bounds = readonly number[];

/** How many functions have died or paused. */
export function disturbancesOf(disturbed: number): number {
  let count = 0;
  for (let left = disturbed; left > 0; left >>= 1) count += left & 1;
  return count;
}

/**
 * Visits what can be where the running task dies or pauses. Only that one: one that was interrupted could as well have
 * died or paused when it was.
 */
export function createDisturbances(machine: Machine, bounds: Bounds) {
  const { tasks } = machine.scenario;
  const catchUpAt = createCatchUp(machine);
  const twins = twinsOf(tasks);
  const hasTwin = (index: number) => twins[index] !== undefined || twins.includes(index);

  return async (position: Position, visit: (reached: Reached) => void): Promise<void> => {
    const { running: index, disturbed, tasks: all } = position;
    const role = tasks[index]?.role;
    if (role === undefined || role === 'client' || (disturbed & (1 << index)) !== 0) return;
    const ways = waysLeft(position, bounds[disturbancesOf(disturbed) + 1]);
    if (!ways) return;
    const after = { ...position, running: -1, disturbed: disturbed | (1 << index), ways };
    // After a call that changed nothing it is as if the function had died before that call.
    if (all[index]?.hasWritten) {
      visit({
        position: { ...after, tasks: all.with(index, DEAD) },
        choice: choiceOf(index, 'die'),
        faults: NO_FAULTS,
      });
    }
    // A request has no lease.
    if (role === 'api') return;
    const late = { ...after, now: position.now + BEYOND_LEASE };
    visit({ position: late, choice: choiceOf(index, 'pause'), faults: NO_FAULTS });
    // A twin takes over as well, step by step.
    if (hasTwin(index)) return;
    const { at, faults } = await catchUpAt(late, `over-${tasks[index]?.name}`);
    visit({ position: { ...late, at }, choice: choiceOf(index, 'overtaken'), faults });
  };
}

/** The ways that have not more preemptions than are allowed now; undefined: there are none. */
function waysLeft({ ways }: Position, preemptions: number | undefined): number[] | undefined {
  if (preemptions === undefined) return undefined;
  const left = ways.map((count, used) => (used <= preemptions ? count : 0));
  return left.some((count) => count > 0) ? left : undefined;
}

/** What becomes of the stores while a function pauses and others do all that there is to do; computed once for each. */
function createCatchUp(machine: Machine) {
  const known = new Map<string, { readonly at: MemoryState; readonly faults: readonly string[] }>();
  return async ({ at, now }: Position, name: string) => {
    const key = `${at.id} ${now} ${name}`;
    const before = known.get(key);
    if (before) return before;
    const stage = createMemoryStage(machine, at, now);
    await catchUp(stage, name);
    const after = { at: stage.state, faults: stage.faults };
    known.set(key, after);
    return after;
  };
}
