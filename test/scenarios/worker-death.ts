import { discardBody, type Interceptor, passThrough } from './intercepted-port.ts';
import type { Message, World } from './world.ts';

/**
 * Delivers a message to a worker that dies at one of its calls to the outside: the first that `isLast` picks, which is
 * never made, like all after it. Calls that are under way then still reach their end, as they do when a process dies.
 * `survived`: no call was picked. The message stays in the queue after a death.
 * @param meanwhile what else happens at its calls before that.
 */
export async function deliverToDyingWorker(
  world: World,
  message: Message,
  isLast: (call: string, index: number) => boolean,
  meanwhile: Interceptor = passThrough,
): Promise<'died' | 'survived'> {
  const died = Promise.withResolvers<'died'>();
  const underWay = new Set<Promise<unknown>>();
  let calls = 0;
  let isDead = false;
  const delivery = world.intercept(
    (call, proceed) => {
      isDead ||= isLast(call, calls);
      calls += 1;
      if (isDead) {
        died.resolve('died');
        return new Promise(() => {});
      }
      const running = meanwhile(call, proceed);
      underWay.add(running);
      return running;
    },
    () => world.deliver(message),
  );
  const end = await Promise.race([died.promise, delivery.then(() => 'survived' as const)]);
  const responses = await Promise.all([...underWay].map((call) => call.catch(() => undefined)));
  if (end === 'died') await Promise.all(responses.map(discardBody));
  return end;
}
