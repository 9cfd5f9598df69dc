import type { MemoryState } from './memory-state.ts';
import { canonical } from './names.ts';
import type { Position } from './position.ts';
import type { Task } from './scenario.ts';

/** When a task can make its next call in a position; undefined: not now. */
export function createStarts(all: readonly Task[]): (index: number, position: Position) => number | undefined {
  const starts = all.map(startOf);
  const twins = twinsOf(all);
  return (index, { tasks, at, now }) => {
    const call = tasks[index]?.waiting[0];
    if (call === undefined) return undefined;
    if (call.port !== 'task') return now;
    const twin = tasks[twins[index] ?? -1];
    if (twin?.waiting[0]?.port === 'task') return undefined;
    const time = starts[index]?.(at);
    return time === undefined ? undefined : Math.max(now, time);
  };
}

/** When a task may start in a state of the stores, computed once for each. */
function startOf({ receives, startsAt }: Task): (at: MemoryState) => number | undefined {
  const times = new Map<MemoryState, number | undefined>();
  const message = receives && canonical(receives);
  const compute = ({ messages, snapshot }: MemoryState): number | undefined => {
    if (message !== undefined && !messages.some((each) => canonical(each) === message)) return undefined;
    if (!startsAt) return 0;
    const instant = startsAt(snapshot);
    // One millisecond more: a deadline is over only after its instant.
    return instant === undefined ? undefined : Date.parse(instant) + 1;
  };
  return (at) => {
    if (!times.has(at)) times.set(at, compute(at));
    return times.get(at);
  };
}

/** For each task the one before it that receives an equal message: it makes no difference which of them starts first. */
export function twinsOf(all: readonly Task[]): (number | undefined)[] {
  const messages = all.map(({ receives }) => receives && canonical(receives));
  return messages.map((message, index) => {
    const twin = message === undefined ? -1 : messages.slice(0, index).lastIndexOf(message);
    return twin < 0 ? undefined : twin;
  });
}
