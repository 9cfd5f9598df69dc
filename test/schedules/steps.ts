import { type Bounds, createDisturbances, disturbancesOf } from './disturbances.ts';
import { type Machine, type Step, stepOf } from './machine.ts';
import { choiceOf, choicesOf, NO_FAULTS, type Position, type Reached } from './position.ts';
import type { Choice } from './schedule.ts';
import { createStarts } from './starts.ts';
import { faultOfEnd, type TaskState } from './task-state.ts';

export interface Steps {
  readonly first: Position;
  /** Every choice that there can be. */
  readonly choices: readonly Choice[];
  /** Visits every position that can follow. Resolves with true if none does. */
  each(position: Position, visit: (reached: Reached) => void): Promise<boolean>;
}

/** What can be done in a position: the next call of any task that waits, or an end or a pause of the running one. */
export function createSteps(machine: Machine, bounds: Bounds): Steps {
  const { scenario, states, tasks, startsAt } = machine;
  const timeOf = createStarts(scenario.tasks);
  const disturb = createDisturbances(machine, bounds);

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
    const most = bounds[disturbancesOf(disturbed)] ?? 0;
    for (let used = 0; used < most; used += 1) if (ways[used] !== 0) return true;
    return false;
  }

  function waysAfterPreemption({ ways, disturbed }: Position): number[] {
    const most = bounds[disturbancesOf(disturbed)] ?? 0;
    return ways.map((_, used) => (used > 0 && used <= most ? (ways[used - 1] as number) : 0));
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
    choices: choicesOf(scenario.tasks),
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
