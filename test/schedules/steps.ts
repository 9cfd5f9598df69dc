import { catchUp } from './come-to-rest.ts';
import { type Machine, type Step, stepOf } from './machine.ts';
import { createMemoryStage } from './memory-stage.ts';
import type { MemoryState } from './memory-state.ts';
import type { Position } from './position.ts';
import type { Choice } from './schedule.ts';
import { createStarts, twinsOf } from './starts.ts';
import { BEYOND_LEASE } from './task-dependencies.ts';
import { DEAD, faultOfEnd, type TaskState } from './task-state.ts';

/**
 * How often a task is interrupted that could go on: in schedules in which no function dies or pauses beyond its lease, in
 * those in which one does, two do, and so on; each does once at most. At the end of a task any other goes on, which is
 * free.
 */
export type Bounds = readonly number[];

/** A position that can follow. */
export interface Reached {
  readonly position: Position;
  /** Its number among all choices. */
  readonly choice: number;
  /** What is wrong there. */
  readonly faults: readonly string[];
}

export interface Steps {
  readonly first: Position;
  /** Every choice that there can be. */
  readonly choices: readonly Choice[];
  /** Visits every position that can follow. Resolves with true if none does. */
  each(position: Position, visit: (reached: Reached) => void): Promise<boolean>;
}

const KINDS = ['call', 'die', 'pause', 'overtaken'] as const;
const NO_FAULTS: readonly string[] = [];

/** What can be done in a position: the next call of any task that waits, or an end or a pause of the running one. */
export function createSteps(machine: Machine, bounds: Bounds): Steps {
  const { scenario, states, tasks, startsAt } = machine;
  const timeOf = createStarts(scenario.tasks);
  const twins = twinsOf(scenario.tasks);
  const overtaking = new Map<string, { readonly at: MemoryState; readonly faults: readonly string[] }>();

  function choiceOf(index: number, does: Choice['does']): number {
    return index * KINDS.length + KINDS.indexOf(does);
  }

  function reached(
    position: Position,
    index: number,
    { step, time }: { readonly step: Step; readonly time: number },
  ): Reached {
    const { running, disturbed, ways } = position;
    const { end } = step.task;
    const next = {
      at: step.outcome.next,
      tasks: position.tasks.with(index, step.task),
      running: end ? -1 : index,
      now: time,
      disturbed,
      ways: isPreemption(running, index) ? waysAfterPreemption(position) : ways,
    };
    return { position: next, choice: choiceOf(index, 'call'), faults: faultsOf(position, index, { step, time }) };
  }

  function faultsOf({ at }: Position, index: number, { step, time }: { readonly step: Step; readonly time: number }) {
    const { outcome, task } = step;
    const fault = task.end && faultOfEnd(task.end);
    if (fault !== undefined) return [`${scenario.tasks[index]?.name} ${fault}`];
    return outcome.next === at ? NO_FAULTS : [...outcome.faults, ...states.faultsOf(outcome.next, time)];
  }

  function mayPreempt({ ways, disturbed }: Position): boolean {
    const most = bounds[countBits(disturbed)] ?? 0;
    for (let used = 0; used < most; used += 1) if (ways[used] !== 0) return true;
    return false;
  }

  function waysAfterPreemption({ ways, disturbed }: Position): number[] {
    const most = bounds[countBits(disturbed)] ?? 0;
    return ways.map((_, used) => (used > 0 && used <= most ? (ways[used - 1] as number) : 0));
  }

  /** Without those that have more preemptions than are allowed with one disturbance more; undefined: none is left. */
  function waysAfterDisturbance({ ways, disturbed }: Position): number[] | undefined {
    const most = bounds[countBits(disturbed) + 1];
    if (most === undefined) return undefined;
    const left = ways.map((count, used) => (used <= most ? count : 0));
    return left.some((count) => count > 0) ? left : undefined;
  }

  /** Only of the running task: one that was interrupted could as well have died or paused when it was. */
  async function disturb(position: Position, visit: (reached: Reached) => void): Promise<void> {
    const { running: index, disturbed, tasks: all } = position;
    const role = scenario.tasks[index]?.role;
    const bit = 1 << index;
    if (role === undefined || role === 'client') return;
    const ways = (disturbed & bit) === 0 ? waysAfterDisturbance(position) : undefined;
    if (!ways) return;
    const after = { ...position, running: -1, disturbed: disturbed | bit, ways };
    // After a call that changed nothing it is as if the function had died before that call.
    if (all[index]?.hasWritten) {
      const dead = { ...after, tasks: all.with(index, DEAD) };
      visit({ position: dead, choice: choiceOf(index, 'die'), faults: NO_FAULTS });
    }
    // A request has no lease.
    if (role === 'api') return;
    const late = { ...after, now: position.now + BEYOND_LEASE };
    visit({ position: late, choice: choiceOf(index, 'pause'), faults: NO_FAULTS });
    // A twin takes over as well, step by step.
    if (twins.some((twin, other) => twin === index || (other === index && twin !== undefined))) return;
    const { at, faults } = await caughtUp(late, `over-${scenario.tasks[index]?.name}`);
    visit({ position: { ...late, at }, choice: choiceOf(index, 'overtaken'), faults });
  }

  async function caughtUp({ at, now }: Position, name: string) {
    const key = `${at.id} ${now} ${name}`;
    const known = overtaking.get(key);
    if (known) return known;
    const stage = createMemoryStage(machine, at, now);
    await catchUp(stage, name);
    const result = { at: stage.state, faults: stage.faults };
    overtaking.set(key, result);
    return result;
  }

  return {
    first: {
      at: machine.first,
      tasks: scenario.tasks.map((task) => tasks.start(task)),
      running: -1,
      now: startsAt,
      disturbed: 0,
      ways: [1, ...Array.from({ length: Math.max(...bounds) }, () => 0)],
    },
    choices: scenario.tasks.flatMap(({ name: task }) => KINDS.map((does) => ({ task, does }))),
    async each(position, visit) {
      let isEnd = true;
      for (let index = 0; index < position.tasks.length; index += 1) {
        const time = timeOf(index, position);
        if (time === undefined) continue;
        isEnd = false;
        if (isPreemption(position.running, index) && !mayPreempt(position)) continue;
        const known = stepOf(machine, position.at, position.tasks[index] as TaskState, time);
        visit(reached(position, index, { step: known instanceof Promise ? await known : known, time }));
      }
      if (bounds.length > 1) await disturb(position, visit);
      return isEnd;
    },
  };
}

function isPreemption(running: number, index: number): boolean {
  return running >= 0 && running !== index;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left > 0; left >>= 1) count += left & 1;
  return count;
}
