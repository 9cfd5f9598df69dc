import { comeToRest, type Redelivery, redeliveriesOf, VISIBILITY_MILLISECONDS } from './come-to-rest.ts';
import type { Machine } from './machine.ts';
import { createMemoryStage } from './memory-stage.ts';
import type { Position } from './position.ts';
import { faultsAtRest } from './rest-invariants.ts';
import type { Task } from './scenario.ts';
import type { Snapshot } from './snapshot.ts';
import { DEAD } from './task-state.ts';

/** What is wrong after the end of a schedule. */
export interface Rested {
  readonly onTheWay: readonly string[];
  readonly atRest: readonly string[];
  readonly snapshot: Snapshot;
}

/** Brings the ends of schedules to rest and looks at them there. Undefined: an equal end was before. */
export function createRest(machine: Machine): (position: Position) => Promise<Rested | undefined> {
  const { scenario, plant } = machine;
  const known = new Set<string>();
  return async (position) => {
    const { at, now } = position;
    const redelivered = redeliveriesAt(machine, position);
    const done = scenario.tasks.flatMap(({ name }, index) => (position.tasks[index]?.end ? [name] : []));
    const name = JSON.stringify([at.id, now, redelivered, done]);
    if (known.has(name)) return undefined;
    known.add(name);
    const stage = createMemoryStage(machine, at, now);
    const isQuiet = await comeToRest(stage, redelivered);
    const { snapshot } = stage.state;
    const atRest = faultsAtRest(snapshot, { scenario, plant, now: stage.now, done: new Set(done) });
    return { onTheWay: stage.faults, atRest: isQuiet ? atRest : ['it never comes to rest', ...atRest], snapshot };
  };
}

/** The messages of functions that died, or asked for theirs once more. */
function redeliveriesAt({ scenario }: Machine, { tasks, now }: Position): Redelivery[] {
  return tasks.flatMap((state, index) => {
    const { receives: message, ...task } = scenario.tasks[index] as Task;
    if (!message) return [];
    if (state === DEAD) return [{ message, receives: 2, visibleAt: now + VISIBILITY_MILLISECONDS }];
    return state.end ? redeliveriesOf(task, state.end, { message, receives: 1, now }) : [];
  });
}
