import { DependencyUnavailableError } from '../../shared/errors.ts';
import { RETENTION } from '../../shared/metadata/metadata-store.ts';
import type { Message, World } from './world.ts';

/** As the queues on AWS: then the message goes to the dead letters, and the sweep must find its work. */
const MAX_DELIVERIES = 5;
const RETRY_DELAY = 1000;
/** More than any history needs; a world that is never quiet must not hang the test. */
const MAX_SWEEPS = 100;

/** Delivers what waits, oldest first, what failed again a little later, until every message is acknowledged or dead. */
export async function drain(world: World): Promise<void> {
  const deliveries = new Map<Message, number>();
  for (let message = world.messages[0]; message; message = world.messages[0]) {
    const count = (deliveries.get(message) ?? 0) + 1;
    deliveries.set(message, count);
    if ((await world.deliver(message)) === 'acknowledged') continue;
    if (count === MAX_DELIVERIES) world.lose(message);
    world.advance(RETRY_DELAY);
  }
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

async function nextDue({ metadata, now }: World): Promise<Date | undefined> {
  const { items } = await metadata.dueWork({ now: new Date(now().getTime() + RETENTION.finished), limit: 1 });
  return items[0] && new Date(items[0].workAt);
}

/** The schedule does not care whether a run failed: the next one comes a minute later. */
async function sweepAsScheduled(world: World): Promise<void> {
  try {
    await world.sweep();
  } catch (error) {
    if (!(error instanceof DependencyUnavailableError)) throw error;
    world.advance(60_000);
  }
}
