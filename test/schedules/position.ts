import type { MemoryState } from './memory-state.ts';
import type { Trail } from './schedule.ts';
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
  /** The number of schedules that lead here, by the number of their preemptions. Never changed, because it is shared. */
  ways: readonly number[];
  /** Of one of them. */
  readonly trail: Trail | undefined;
}

/** The positions that can be reached with the same number of steps, each once. */
export interface Layer {
  readonly size: number;
  readonly positions: Iterable<Position>;
  /** False: an equal one is there already, and its ways are counted there. */
  add(position: Position): boolean;
}

/** Room for the ids of tasks and states, and for what else tells positions apart, in keys that are exact numbers. */
const IDS = 2 ** 24;
const TIMES = 2 ** 8;
const RUNNING = 2 ** 4;
const DISTURBED = 2 ** 8;

export function createLayer(): Layer {
  const positions = new Map<number, Position>();
  const pairs = new Map<number, number>();
  const times = new Map<number, number>();

  function pair(one: number, other: number): number {
    const name = one * IDS + other;
    const known = pairs.get(name);
    if (known !== undefined) return known;
    pairs.set(name, pairs.size);
    return pairs.size - 1;
  }

  function timeOf(now: number): number {
    const known = times.get(now) ?? times.size;
    times.set(now, known);
    return known;
  }

  function keyOf({ at, tasks, running, now, disturbed }: Position): number {
    let id = at.id;
    for (const task of tasks) id = pair(id, task.id);
    return ((id * TIMES + timeOf(now)) * RUNNING + running + 1) * DISTURBED + disturbed;
  }

  return {
    get size() {
      return positions.size;
    },
    positions: { [Symbol.iterator]: () => positions.values() },
    add(position) {
      const key = keyOf(position);
      const known = positions.get(key);
      if (!known) {
        positions.set(key, position);
        return true;
      }
      const { ways } = position;
      known.ways = known.ways.map((count, preemptions) => count + (ways[preemptions] ?? 0));
      return false;
    },
  };
}
