import type { Stage } from './come-to-rest.ts';
import { type Machine, type Step, stepOf } from './machine.ts';
import type { MemoryState } from './memory-state.ts';
import { firstDue } from './snapshot.ts';
import { faultOfEnd } from './task-state.ts';

/** A stage over states in memory. */
export interface MemoryStage extends Stage {
  readonly state: MemoryState;
  /** What was wrong on the way. */
  readonly faults: readonly string[];
}

export function createMemoryStage(machine: Machine, from: MemoryState, time: number): MemoryStage {
  const faults: string[] = [];
  let state = from;
  let now = time;
  return {
    get state() {
      return state;
    },
    get messages() {
      return state.messages;
    },
    get now() {
      return now;
    },
    faults,
    moveTo(later) {
      now = Math.max(now, later);
    },
    nextDue: async () => firstDue(state.snapshot),
    async run(task) {
      let at = machine.tasks.start(task);
      while (!at.end) {
        const known = stepOf(machine, state, at, now);
        const step: Step = known instanceof Promise ? await known : known;
        faults.push(...step.outcome.faults, ...machine.states.faultsOf(step.outcome.next, now));
        state = step.outcome.next;
        at = step.task;
      }
      const fault = faultOfEnd(at.end);
      if (fault !== undefined) faults.push(`${task.name} ${fault}`);
      return at.end;
    },
  };
}
