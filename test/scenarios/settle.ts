import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/retention.ts';
import { MAX_RECEIVES, type Message, type World } from './world.ts';

/** More than any history needs; a world that is never quiet must not hang the test. */
const MAX_SWEEPS = 200;

/**
 * Delivers every message, the one that is visible first comes first, what failed again when it becomes visible again,
 * until each is acknowledged or in the dead-letter queue.
 */
export async function drain(world: World): Promise<void> {
  for (let message = nextOf(world); message; message = nextOf(world)) {
    world.advance(visibleAt(world, message) - world.now().getTime());
    if ((await world.deliver(message)) === 'acknowledged') continue;
    if (world.stateOf(message).receives >= MAX_RECEIVES) world.lose(message);
  }
}

function visibleAt(world: World, message: Message): number {
  return Math.max(world.stateOf(message).visibleAt.getTime(), world.now().getTime());
}

function nextOf(world: World): Message | undefined {
  return [...world.messages].sort((one, other) => visibleAt(world, one) - visibleAt(world, other))[0];
}

/** Delivers and sweeps, the clock moved on to each next thing that is due, until nothing will ever happen again. */
export async function settle(world: World): Promise<void> {
  for (let sweeps = 0; sweeps < MAX_SWEEPS; sweeps += 1) {
    await drain(world);
    const next = await nextDue(world);
    if (next === undefined) return;
    // One millisecond more: a deadline is over only after its instant.
    world.advance(Math.max(0, next.getTime() - world.now().getTime()) + 1);
    await sweepAsScheduled(world);
  }
  throw new Error(`not quiet after ${MAX_SWEEPS} sweeps`);
}

/** When the first piece of work is due, in whatever shard. */
export async function nextDue({ metadata, now }: Pick<World, 'metadata' | 'now'>): Promise<Date | undefined> {
  const until = new Date(now().getTime() + RETENTION.finished);
  const shards = await metadata.dueShards({ now: until });
  const pages = await Promise.all(shards.map((shard) => metadata.dueWork({ shard, now: until, limit: 1 })));
  const [first] = pages.flatMap(({ items }) => items.map(({ workAt }) => workAt)).sort();
  return first === undefined ? undefined : new Date(first);
}

/** A run that fails is followed by the next one a minute later. */
async function sweepAsScheduled(world: World): Promise<void> {
  try {
    await world.sweep();
  } catch (error) {
    if (!(error instanceof DependencyUnavailableError)) throw error;
    world.advance(60_000);
  }
}
