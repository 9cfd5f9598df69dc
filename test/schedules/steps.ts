import { catchUp } from './come-to-rest.ts';
import type { Bounds } from './explore.ts';
import { type Machine, type Step, stepOf } from './machine.ts';
import { createMemoryStage } from './memory-stage.ts';
import type { MemoryState } from './memory-state.ts';
import { canonical } from './names.ts';
import type { Position } from './position.ts';
import type { Task } from './scenario.ts';
import type { Choice } from './schedule.ts';
import { BEYOND_LEASE } from './task-dependencies.ts';
import { DEAD, faultOfEnd, type TaskState } from './task-state.ts';
import type { Violations } from './violations.ts';

export interface Steps {
  first(): Promise<Position>;
  /** Visits every position that can follow. Resolves with true if none does. */
  each(position: Position, visit: (reached: Position) => void): Promise<boolean>;
}

/** What has become of the stores while a function paused. */
interface CaughtUp {
  readonly at: MemoryState;
  readonly faults: readonly string[];
}

/** What can be done in a position: the next call of any task that waits, or an end or a pause of the running one. */
export function createSteps(machine: Machine, bounds: Bounds, violations: Violations): Steps {
  const { scenario, states, tasks, first: start, startsAt } = machine;
  const { preemptions, disturbances } = bounds;
  const starts = scenario.tasks.map((task) => startOf(task));
  const twins = scenario.tasks.map((task, index) => twinBefore(scenario.tasks, task, index));
  const overtaking = new Map<string, CaughtUp>();
  const choices = scenario.tasks.map(({ name: task }) => ({
    call: { task, does: 'call' } satisfies Choice,
    die: { task, does: 'die' } satisfies Choice,
    pause: { task, does: 'pause' } satisfies Choice,
    overtaken: { task, does: 'overtaken' } satisfies Choice,
  }));

  /** When the task can make its next call; undefined: not now. */
  function timeOf(index: number, { tasks: all, at, now }: Position): number | undefined {
    const call = all[index]?.waiting[0];
    if (call === undefined) return undefined;
    if (call.port !== 'task') return now;
    const twin = all[twins[index] ?? -1];
    if (twin && twin.waiting[0]?.port === 'task') return undefined;
    const time = starts[index]?.(at);
    return time === undefined ? undefined : Math.max(now, time);
  }

  function reached(position: Position, index: number, at: { readonly step: Step; readonly time: number }): Position {
    const { step, time } = at;
    const { running, disturbed, ways } = position;
    const { end } = step.task;
    const next = {
      at: step.outcome.next,
      tasks: position.tasks.with(index, step.task),
      running: end ? -1 : index,
      now: time,
      disturbed,
      ways: isPreemption(running, index) ? [0, ...ways.slice(0, preemptions)] : ways,
      trail: { before: position.trail, choice: choices[index]?.call as Choice },
    };
    look(position, next, at);
    return next;
  }

  function look(
    position: Position,
    { at, trail }: Position,
    { step, time }: { readonly step: Step; readonly time: number },
  ) {
    if (at !== position.at) {
      violations.add(step.outcome.faults, trail, false);
      violations.add(states.faultsOf(at, time), trail, false);
    }
    const fault = step.task.end && faultOfEnd(step.task.end);
    if (fault !== undefined) violations.add([`${trail?.choice.task} ${fault}`], trail, false);
  }

  function mayPreempt({ ways }: Position): boolean {
    for (let used = 0; used < preemptions; used += 1) if (ways[used] !== 0) return true;
    return false;
  }

  /** Only of the running task: one that was interrupted could as well have died or paused when it was. */
  async function disturb(position: Position, visit: (reached: Position) => void): Promise<void> {
    const { running, disturbed, tasks: all, trail: before } = position;
    const role = scenario.tasks[running]?.role;
    if (role === undefined || role === 'client') return;
    const bit = 1 << running;
    if (countBits(disturbed) >= disturbances || (disturbed & bit) !== 0) return;
    const { die, pause, overtaken } = choices[running] as (typeof choices)[number];
    const after = { ...position, running: -1, disturbed: disturbed | bit };
    visit({ ...after, tasks: all.with(running, DEAD), trail: { before, choice: die } });
    // A request has no lease.
    if (role === 'api') return;
    const now = position.now + BEYOND_LEASE;
    visit({ ...after, now, trail: { before, choice: pause } });
    const trail = { before, choice: overtaken };
    const { at, faults } = await caughtUp({ at: position.at, now, name: `over-${overtaken.task}` });
    violations.add(faults, trail, false);
    visit({ ...after, at, now, trail });
  }

  async function caughtUp(from: {
    readonly at: MemoryState;
    readonly now: number;
    readonly name: string;
  }): Promise<CaughtUp> {
    const { at, now, name } = from;
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
    async first() {
      violations.add(states.faultsOf(start, startsAt), undefined, false);
      const all = scenario.tasks.map((task) => tasks.start(task));
      const ways = [1, ...Array.from({ length: preemptions }, () => 0)];
      return { at: start, tasks: all, running: -1, now: startsAt, disturbed: 0, ways, trail: undefined };
    },
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
      await disturb(position, visit);
      return isEnd;
    },
  };
}

function isPreemption(running: number, index: number): boolean {
  return running >= 0 && running !== index;
}

/** When a task may start in a state of the stores, computed once for each. */
function startOf({ receives, startsAt }: Task): (at: MemoryState) => number | undefined {
  const times = new Map<MemoryState, number | undefined>();
  const message = receives && canonical(receives);
  const compute = ({ messages, snapshot }: MemoryState): number | undefined => {
    if (message !== undefined && !messages.some((each) => canonical(each) === message)) return undefined;
    if (!startsAt) return 0;
    const instant = startsAt(snapshot);
    return instant === undefined ? undefined : Date.parse(instant) + 1;
  };
  return (at) => {
    if (!times.has(at)) times.set(at, compute(at));
    return times.get(at);
  };
}

/** Of tasks that receive equal messages it makes no difference which starts first, so they start in their order. */
function twinBefore(all: readonly Task[], { receives }: Task, index: number): number | undefined {
  if (!receives) return undefined;
  const before = all.slice(0, index).map((task) => task.receives && canonical(task.receives));
  const twin = before.lastIndexOf(canonical(receives));
  return twin < 0 ? undefined : twin;
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left > 0; left >>= 1) count += left & 1;
  return count;
}
