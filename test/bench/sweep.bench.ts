import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../scenarios/client.ts';
import type { Interceptor } from '../scenarios/intercepted-port.ts';
import { openLocalAdapters } from '../scenarios/local-adapters.ts';
import { plainPicture } from '../scenarios/plain-pictures.ts';
import { createWorld, type World } from '../scenarios/world.ts';

/*
 * How much due work a sweep does in a second when every call to storage, records, queues and the CDN takes 15 ms longer,
 * as over a network, against the same work done one item after the other.
 */

const TICKETS = 100;
const DELAY_MILLISECONDS = 15;

const slow: Interceptor = async (call, proceed) => {
  if (/^(storage|metadata|queues|edgeCache)\./.test(call)) await sleep(DELAY_MILLISECONDS);
  return proceed();
};

/** Tickets of as many people, which nobody used and whose time is over. */
async function openDueWorld(): Promise<{ readonly world: World; readonly uploadIds: readonly string[] }> {
  const world = await createWorld(openLocalAdapters);
  const picture = await plainPicture('red');
  const uploadIds: string[] = [];
  for (let user = 0; user < TICKETS; user += 1) {
    uploadIds.push((await clientOf(world, { sub: `user-${user}` }).ticket(picture)).uploadId);
  }
  world.advance(66 * 60_000);
  return { world, uploadIds };
}

/** What each item needs: its record, a look for its bytes, its end. */
async function oneAfterTheOther({ world, uploadIds }: Awaited<ReturnType<typeof openDueWorld>>): Promise<void> {
  for (const uploadId of uploadIds) {
    for (let call = 0; call < 3; call += 1) await sleep(DELAY_MILLISECONDS);
    expect(await world.metadata.expireUpload({ uploadId, sentAt: undefined, now: world.now() })).toBe('expired');
  }
}

describe('a sweep', () => {
  it('does this much more in the same time than one item after the other', { timeout: 120_000 }, async () => {
    const seconds: Record<string, number> = {};
    for (const way of ['one after the other', 'the sweep']) {
      const due = await openDueWorld();
      const start = performance.now();
      if (way === 'the sweep') await due.world.intercept(slow, () => due.world.sweep());
      else await oneAfterTheOther(due);
      seconds[way] = (performance.now() - start) / 1000;
      await due.world.close();
    }
    const [before = 0, after = 0] = Object.values(seconds);
    const rate = (time: number) => `${(TICKETS / time).toFixed(0)} items/s`;
    console.log(`  the sweep: ${(before / after).toFixed(1)} x one after the other (${rate(before)}, ${rate(after)})`);
  });
});
