import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import { discardBody, type Interceptor, passThrough } from './intercepted-port.ts';
import { deliverToDyingWorker } from './worker-death.ts';
import type { Message, World } from './world.ts';

/** What queues, workers and clocks do. `pick` chooses among what there is at that moment; negative: from the end. */
export type QueueStep =
  | { readonly does: 'deliver'; readonly pick: number; readonly again: boolean }
  | { readonly does: 'lose'; readonly pick: number }
  | { readonly does: 'crash'; readonly pick: number; readonly call: number }
  | { readonly does: 'fault'; readonly pick: number; readonly call: number; readonly isMade: boolean }
  | { readonly does: 'restart' }
  | { readonly does: 'sweep'; readonly minutes: number }
  | { readonly does: 'jump'; readonly seconds: number };

/** A worker pauses at one of its calls to the outside, while other things happen. */
export interface PauseStep<Step> {
  readonly does: 'pause';
  readonly pick: number;
  readonly call: number;
  readonly meanwhile: readonly Step[];
  /** It dies so many calls after that. Ignored after a pause that is longer than the time between two clean-ups. */
  readonly diesAfter?: number | undefined;
}

/** A sweep pauses at one of its calls to the outside, for seconds, while other things happen. */
export interface PausedSweepStep<Step> {
  readonly does: 'pauseSweep';
  readonly call: number;
  readonly meanwhile: readonly Step[];
}

/** Messages may wait for longer than a day here, and the models know no upload that is given up. */
export const PATIENT = { giveUpMilliseconds: 365 * 24 * 3_600_000 };

/** With a third death, an upload could end as `processing_failed`, which the models do not know. */
const MAX_DEATHS = 2;

export interface QueueSteps<Step> {
  take(step: QueueStep | PauseStep<Step> | PausedSweepStep<Step>): Promise<void>;
  /** The message is never lost: what it is about has no record by which it would be found. */
  keep(message: Message): void;
}

/**
 * A worker that sleeps past the second clean-up, goes on writing and dies before it cleans up itself leaves files that
 * nothing removes: the one window that the design allows, so the histories leave it out.
 */
const LONGEST_PAUSE_MILLISECONDS = RETENTION.secondPassDelay - 60_000;

/** @param takeStep takes any step of the history: what happens while a worker pauses. */
export function createQueueSteps<Step extends { readonly does: string }>(
  world: World,
  takeStep: (step: Step) => Promise<void>,
): QueueSteps<Step> {
  const acknowledged: Message[] = [];
  const kept = new Set<Message>();
  const deaths = new Map<string, number>();
  const faulty = new Set<string>();

  async function deliver(message: Message | undefined): Promise<void> {
    if (message && (await world.deliver(message)) === 'acknowledged') acknowledged.push(message);
  }

  function mayDie(message: Message): boolean {
    const uploadId = uploadIdIn(message);
    const before = deaths.get(uploadId) ?? 0;
    if (before < MAX_DEATHS) deaths.set(uploadId, before + 1);
    return before < MAX_DEATHS;
  }

  async function crash(message: Message | undefined, call: number): Promise<void> {
    if (message && mayDie(message)) await deliverToDyingWorker(world, message, (_, index) => index === call);
  }

  /** With its lease taken and the response lost, an attempt counts. With a second fault a day later, the upload ends. */
  async function fault(message: Message | undefined, call: number, isMade: boolean): Promise<void> {
    if (!message || faulty.has(uploadIdIn(message)) || !mayDie(message)) return;
    faulty.add(uploadIdIn(message));
    await world.intercept(failingOnce(call, isMade), () => deliver(message));
  }

  /** A worker whose lease lapses meanwhile counts as dead. */
  async function pause(message: Message | undefined, step: PauseStep<Step>): Promise<void> {
    const mayLapse = step.meanwhile.some(({ does }) => does === 'sweep' || does === 'jump');
    if (!message || ((mayLapse || step.diesAfter !== undefined) && !mayDie(message))) return;
    const start = world.now().getTime();
    let dies = Number.POSITIVE_INFINITY;
    const { interceptor, callsSoFar, throwFailed } = pausing(step, () => {
      const isLong = world.now().getTime() - start > LONGEST_PAUSE_MILLISECONDS;
      if (!isLong && step.diesAfter !== undefined) dies = callsSoFar() + step.diesAfter;
    });
    const end = await deliverToDyingWorker(world, message, () => callsSoFar() >= dies, interceptor);
    if (end === 'survived' && !world.messages.includes(message)) acknowledged.push(message);
    throwFailed();
  }

  async function pauseSweep(step: PausedSweepStep<Step>): Promise<void> {
    const { interceptor, throwFailed } = pausing(step, () => {});
    await world.intercept(interceptor, () => world.sweep());
    throwFailed();
  }

  /** What is thrown meanwhile is thrown at the end: the service would take it for a fault of its dependency. */
  function pausing({ call, meanwhile }: Pick<PauseStep<Step>, 'call' | 'meanwhile'>, onWaking: () => void) {
    const failed: unknown[] = [];
    let calls = 0;
    const takeAll = async () => {
      for (const each of meanwhile) await takeStep(each);
    };
    const interceptor: Interceptor = async (_, proceed) => {
      calls += 1;
      if (calls !== call) return proceed();
      await world.intercept(passThrough, takeAll).catch((error: unknown) => void failed.push(error));
      onWaking();
      return proceed();
    };
    const throwFailed = () => {
      if (failed.length > 0) throw failed[0];
    };
    return { interceptor, callsSoFar: () => calls, throwFailed };
  }

  async function restart(): Promise<void> {
    for (const message of world.messages.filter((each) => kept.has(each))) await deliver(message);
    await world.restart();
  }

  return {
    keep: (message) => void kept.add(message),
    async take(step) {
      const message = 'pick' in step ? picked(world.messages, step.pick) : undefined;
      if (step.does === 'deliver') await deliver(step.again ? picked(acknowledged, step.pick) : message);
      else if (step.does === 'lose') message && !kept.has(message) && world.lose(message);
      else if (step.does === 'crash') await crash(message, step.call);
      else if (step.does === 'fault') await fault(message, step.call, step.isMade);
      else if (step.does === 'pause') await pause(message, step);
      else if (step.does === 'pauseSweep') await pauseSweep(step);
      else if (step.does === 'restart') await restart();
      else if (step.does === 'jump') world.advance(step.seconds * 1000);
      else {
        world.advance(step.minutes * 60_000);
        await world.sweep();
      }
    },
  };
}

/** The item that a number chooses, if there is any. */
export function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items.at(pick % Math.max(1, items.length));
}

/** The ids of a world are numbered; a message names one upload at most. */
function uploadIdIn({ body }: Message): string {
  return /\bid-\d+\b/.exec(body)?.[0] ?? '';
}

function failingOnce(index: number, isMade: boolean): Interceptor {
  let calls = 0;
  return async (call, proceed) => {
    calls += 1;
    if (calls !== index + 1) return proceed();
    if (isMade) await discardBody(await proceed());
    throw new DependencyUnavailableError(`${call} failed`);
  };
}
