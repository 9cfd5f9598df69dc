import type { Expected } from './image-files.ts';
import { openMemoryAdapters } from './memory-adapters.ts';
import { createMemoryStates, type MemoryState, type MemoryStates, type Outcome } from './memory-state.ts';
import { prepare } from './prepare.ts';
import { createTaskStates, type TaskState, type TaskStates } from './task-state.ts';

/** What a scenario is explored with: the states of its stores and of its tasks. */
export interface Machine extends Expected {
  readonly states: MemoryStates;
  readonly tasks: TaskStates;
  /** Where every schedule begins. */
  readonly first: MemoryState;
  readonly startsAt: number;
}

const START = Date.UTC(2026, 0, 1);

export async function createMachine(expected: Expected): Promise<Machine> {
  const adapters = await openMemoryAdapters();
  const { backing, notes } = await prepare(expected, adapters, new Date(START));
  const states = createMemoryStates(expected);
  const tasks = createTaskStates({ known: states.known, notes, plant: expected.plant });
  const first = await states.stateOf({ ...adapters, messages: backing.messages });
  return { ...expected, states, tasks, first, startsAt: START };
}

/** One step of a task: what its oldest call led to, and where the task waits then. */
export interface Step {
  readonly outcome: Outcome;
  readonly task: TaskState;
}

/** Answers the oldest call of a task; at once where that was seen before. */
export function stepOf(machine: Machine, at: MemoryState, task: TaskState, now: number): Step | Promise<Step> {
  const outcome = at.outcomes.get(task.waiting[0]?.id ?? -1);
  const next = outcome && machine.tasks.known(task, outcome, now);
  return next ? { outcome, task: next } : newStep(machine, at, task, now);
}

async function newStep({ states, tasks }: Machine, at: MemoryState, task: TaskState, now: number): Promise<Step> {
  const [call] = task.waiting;
  if (!call) throw new RangeError('the task waits for nothing');
  const outcome = at.outcomes.get(call.id) ?? (await states.make(at, call));
  return { outcome, task: tasks.known(task, outcome, now) ?? (await tasks.run(task, outcome, now)) };
}
