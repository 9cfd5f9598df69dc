import { type Arrivals, createLayer, type Layer } from './layer.ts';
import type { MemoryState } from './memory-state.ts';
import type { Task } from './scenario.ts';
import type { Choice } from './schedule.ts';
import type { TaskState } from './task-state.ts';

/** Where all tasks and the stores are after some steps. */
export interface Position {
  readonly at: MemoryState;
  readonly tasks: readonly TaskState[];
  /** The task that would be interrupted by any other; -1: there is none. */
  readonly running: number;
  readonly now: number;
  /** One bit for each task that died or paused. */
  readonly disturbed: number;
  /** The number of schedules that lead here, by the number of their preemptions. */
  readonly ways: readonly number[];
}

/** A position that can follow another one. */
export interface Reached {
  readonly position: Position;
  /** Its number among all choices. */
  readonly choice: number;
  /** What is wrong there. */
  readonly faults: readonly string[];
}

export const NO_FAULTS: readonly string[] = [];

const KINDS = ['call', 'die', 'pause', 'overtaken'] as const;

/** Every choice that there can be. */
export function choicesOf(tasks: readonly Pick<Task, 'name'>[]): Choice[] {
  return tasks.flatMap(({ name: task }) => KINDS.map((does) => ({ task, does })));
}

/** The number of a choice among them. */
export function choiceOf(task: number, does: Choice['does']): number {
  return task * KINDS.length + KINDS.indexOf(does);
}

/** All positions that can be reached with one number of steps, then all with one step more. */
export interface Positions {
  /** How many there are in the current layer. */
  readonly size: number;
  at(index: number): Position;
  /** Adds a position to the next layer. False: an equal one is there already, and the ways are counted there. */
  reach(position: Position, how: { readonly from: number; readonly choice: number }): boolean;
  /** Goes on to the next layer. */
  advance(): void;
  /** The choices that lead to a position of the current layer. */
  choicesTo(index: number): Choice[];
}

interface Options {
  readonly stateOf: (id: number) => MemoryState;
  readonly taskOf: (id: number) => TaskState;
  /** Every choice that there can be. */
  readonly choices: readonly Choice[];
  readonly first: Position;
}

export function createPositions({ stateOf, taskOf, choices, first }: Options): Positions {
  const tasks = first.tasks.length;
  const shape = { words: tasks + 4, kinds: first.ways.length };
  const times: number[] = [];
  const timeIds = new Map<number, number>();
  const history: Arrivals[] = [];
  const row = new Int32Array(shape.words);
  let current = createLayer(shape);
  let next = createLayer(shape);

  function timeId(now: number): number {
    const known = timeIds.get(now);
    if (known !== undefined) return known;
    timeIds.set(now, times.length);
    return times.push(now) - 1;
  }

  function add(layer: Layer, position: Position, how: { readonly from: number; readonly choice: number }): boolean {
    for (let task = 0; task < tasks; task += 1) row[task] = (position.tasks[task] as TaskState).id;
    row[tasks] = position.at.id;
    row[tasks + 1] = position.running;
    row[tasks + 2] = timeId(position.now);
    row[tasks + 3] = position.disturbed;
    return layer.add(row, { ...how, ways: position.ways });
  }

  function tasksAt(index: number): TaskState[] {
    const all: TaskState[] = [];
    for (let task = 0; task < tasks; task += 1) all.push(taskOf(current.wordAt(index, task)));
    return all;
  }

  add(current, first, { from: -1, choice: 0 });
  return {
    get size() {
      return current.size;
    },
    at: (index) => ({
      at: stateOf(current.wordAt(index, tasks)),
      tasks: tasksAt(index),
      running: current.wordAt(index, tasks + 1),
      now: times[current.wordAt(index, tasks + 2)] as number,
      disturbed: current.wordAt(index, tasks + 3),
      ways: current.waysAt(index),
    }),
    reach: (position, how) => add(next, position, how),
    advance() {
      history.push(current.arrivals());
      current = next;
      next = createLayer(shape);
    },
    choicesTo(index) {
      const led: Choice[] = [];
      let at = index;
      for (const { from, choice } of [current.arrivals(), ...history.toReversed()]) {
        // The first layer has no layer before it.
        if (from[at] === -1) break;
        led.push(choices[choice[at] as number] as Choice);
        at = from[at] as number;
      }
      return led.reverse();
    },
  };
}
