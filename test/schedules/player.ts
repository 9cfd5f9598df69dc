import { catchUp, type Redelivery, redeliveriesOf, type Stage, VISIBILITY_MILLISECONDS } from './come-to-rest.ts';
import { type GatedTask, startGatedTask, type TaskEnd } from './gated-task.ts';
import type { Expected } from './image-files.ts';
import { faultsAtAnyTime, faultsOfStep } from './invariants.ts';
import { isRead, makeCall, type PortCall } from './port-call.ts';
import type { Prepared } from './prepare.ts';
import type { Task } from './scenario.ts';
import type { Choice } from './schedule.ts';
import { firstDue, type Snapshot } from './snapshot.ts';
import { BEYOND_LEASE, dependenciesOf } from './task-dependencies.ts';
import { faultOfEnd } from './task-state.ts';

/** A step of a replay: who did what. */
export interface Played {
  readonly task: string;
  readonly call: PortCall;
  readonly now: Date;
}

export interface PlayerOptions extends Expected {
  readonly prepared: Prepared;
  readonly startsAt: number;
  readonly takeSnapshot: () => Promise<Snapshot>;
  readonly onStep?: ((played: Played) => void) | undefined;
  readonly report: (faults: readonly string[]) => void;
}

export interface Player {
  readonly stage: Stage;
  /** @throws RangeError if the task cannot do that now: these adapters behave differently. */
  take(choice: Choice): Promise<void>;
  /** The messages of functions that died, or asked for theirs once more. */
  redelivered(): Redelivery[];
  /** The tasks that came to their end. */
  done(): ReadonlySet<string>;
}

interface Role {
  readonly task: Task;
  readonly gated: GatedTask;
  isDead: boolean;
}

/** Runs the tasks of a scenario on any adapters, in the order that a schedule names. */
export async function createPlayer(options: PlayerOptions): Promise<Player> {
  const { scenario, plant, prepared, takeSnapshot, onStep, report } = options;
  const { backing, notes } = prepared;
  let now = options.startsAt;
  let snapshot = await takeSnapshot();
  const roles = new Map(scenario.tasks.map((task) => [task.name, { task, gated: start(task), isDead: false } as Role]));

  function start(task: Task): GatedTask {
    return startGatedTask({ port: 'task', method: 'start', parameters: [task.receives] }, (gate) =>
      task.run(dependenciesOf(gate, { ...task, plant }), notes),
    );
  }

  async function step({ task, gated }: Pick<Role, 'task' | 'gated'>): Promise<void> {
    const [call] = gated.waiting;
    if (!call) throw new RangeError(`${task.name} makes no call any more`);
    onStep?.({ task: task.name, call, now: new Date(now) });
    const result = await makeCall(backing, call);
    if (call.port === 'task' && 'error' in result) throw result.error;
    if (!isRead(call)) await look();
    await gated.answer(result, now);
    const fault = gated.end && faultOfEnd(gated.end);
    if (fault !== undefined) report([`${task.name} ${fault}`]);
  }

  async function look(): Promise<void> {
    const before = snapshot;
    snapshot = await takeSnapshot();
    report([...faultsOfStep(before, snapshot), ...faultsAtAnyTime(snapshot, new Date(now), { scenario, plant })]);
  }

  const stage: Stage = {
    get messages() {
      return backing.messages;
    },
    get now() {
      return now;
    },
    moveTo(later) {
      now = Math.max(now, later);
    },
    nextDue: async () => firstDue(snapshot),
    async run(task): Promise<TaskEnd> {
      const gated = start(task);
      while (!gated.end) await step({ task, gated });
      return gated.end;
    },
  };

  async function call(role: Role): Promise<void> {
    const { task, gated } = role;
    const isFirst = gated.waiting[0]?.port === 'task';
    const instant = isFirst ? task.startsAt?.(snapshot) : undefined;
    if (isFirst && task.startsAt && instant === undefined) throw new RangeError(`${task.name} cannot start now`);
    if (instant !== undefined) stage.moveTo(Date.parse(instant) + 1);
    await step(role);
  }

  return {
    stage,
    async take({ task: name, does }) {
      const role = roles.get(name);
      if (!role) throw new RangeError(`there is no task ${name}`);
      if (does === 'call') return call(role);
      if (does === 'die') role.isDead = true;
      else now += BEYOND_LEASE;
      if (does === 'overtaken') await catchUp(stage, `over-${name}`);
    },
    redelivered: () =>
      [...roles.values()].flatMap(({ task: { receives: message, ...task }, gated, isDead }) => {
        if (!message) return [];
        if (isDead) return [{ message, receives: 2, visibleAt: now + VISIBILITY_MILLISECONDS }];
        return gated.end ? redeliveriesOf(task, gated.end, { message, receives: 1, now }) : [];
      }),
    done: () => new Set([...roles].flatMap(([name, { gated, isDead }]) => (gated.end && !isDead ? [name] : []))),
  };
}
