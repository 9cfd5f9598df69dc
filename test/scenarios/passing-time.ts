import { DependencyUnavailableError } from '../../shared/errors.ts';
import { nextDue } from './settle.ts';
import { MAX_RECEIVES, type Message, type World } from './world.ts';

const MINUTE = 60_000;

/** What became of the messages of the uploads queue. */
export interface Passed {
  readonly deliveries: number;
  /** Messages that ended in the dead-letter queue. */
  readonly dead: number;
  /** The most messages that were in the queue at once. */
  readonly most: number;
}

export interface PassTimeOptions {
  /** Ends before the time is over, once this holds. */
  readonly until?: () => Promise<boolean>;
  /** @default - a worker that does its work */
  readonly deliver?: (message: Message) => Promise<unknown>;
}

/**
 * Lets minutes pass as they do on AWS: each message is delivered when it becomes visible, five times at most, and a
 * sweep runs each minute, of which those that would find nothing due are left out. A sweep that fails is repeated a
 * minute later.
 */
export async function passTime(world: World, minutes: number, options: PassTimeOptions = {}): Promise<Passed> {
  const { until = async () => false, deliver = world.deliver } = options;
  const start = world.now().getTime();
  const end = start + minutes * MINUTE;
  const passed = { deliveries: 0, dead: 0, most: 0 };
  let sweeps = 0;
  while (world.now().getTime() < end && !(await until())) {
    const message = firstVisible(world);
    const messageAt = message ? visibleAt(world, message) : end;
    const sweep = messageAt > start + (sweeps + 1) * MINUTE ? await nextSweep() : sweeps + 1;
    const next = Math.min(messageAt, start + sweep * MINUTE, end);
    world.advance(Math.max(0, next - world.now().getTime()));
    if (message && messageAt === next) {
      const waiting = uploadsIn(world);
      await deliver(message);
      count(passed, world, message, waiting);
    } else if (next < end) {
      sweeps = sweep;
      await sweepAsScheduled(world);
    }
  }
  return passed;

  /** The number of the next sweep that finds something due. */
  async function nextSweep(): Promise<number> {
    const dueAt = (await nextDue(world))?.getTime() ?? end;
    return Math.max(sweeps + 1, Math.ceil((dueAt - start) / MINUTE));
  }
}

function firstVisible(world: World): Message | undefined {
  return [...world.messages].sort((one, other) => visibleAt(world, one) - visibleAt(world, other))[0];
}

function visibleAt(world: World, message: Message): number {
  return world.stateOf(message).visibleAt.getTime();
}

function uploadsIn({ messages }: World): number {
  return messages.filter(({ queue }) => queue === 'uploads').length;
}

function count(passed: { -readonly [K in keyof Passed]: Passed[K] }, world: World, message: Message, waiting: number) {
  const isDead = world.messages.includes(message) && world.stateOf(message).receives >= MAX_RECEIVES;
  if (isDead) world.lose(message);
  if (message.queue !== 'uploads') return;
  passed.deliveries += 1;
  passed.dead += Number(isDead);
  passed.most = Math.max(passed.most, waiting);
}

async function sweepAsScheduled(world: World): Promise<void> {
  try {
    await world.sweep();
  } catch (error) {
    if (!(error instanceof DependencyUnavailableError)) throw error;
  }
}
