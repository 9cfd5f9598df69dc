import { onTestFinished } from 'vitest';
import { type DownloadedFile, discard } from '../../shared/storage/storage-backend.ts';

/**
 * Is called instead of a port's method: lets the call proceed, or not, or does something else around it. `call` names the
 * dependency and its method: `metadata.publishAvatar`.
 */
export type Interceptor = (call: string, proceed: () => Promise<unknown>) => Promise<unknown>;

/** The port as it is, but each of its calls goes through the interceptor that `current` returns at that moment. */
export function interceptPort<T extends object>(dependency: string, port: T, current: () => Interceptor): T {
  return new Proxy(port, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return (...parameters: unknown[]) =>
        // Applied to the port itself, not to the proxy: adapters have private fields.
        current()(`${dependency}.${String(property)}`, () => Reflect.apply(member, target, parameters));
    },
  });
}

/** Lets every call pass. */
export const passThrough: Interceptor = (_call, proceed) => proceed();

/**
 * Runs `hook` once, just before the first call of that name: what another worker or client does in that moment. A test in
 * which no such call is made fails, because it would show nothing.
 */
export function justBefore(name: string, hook: () => Promise<unknown>): Interceptor {
  let done = false;
  onTestFinished(() => {
    if (!done) throw new Error(`${name} was never called`);
  });
  return async (call, proceed) => {
    if (call === name && !done) {
      done = true;
      await hook();
    }
    return proceed();
  };
}

/** Makes every call of that name throw without doing anything. */
export function failing(name: string, error: Error): Interceptor {
  return (call, proceed) => (call === name ? Promise.reject(error) : proceed());
}

/** Closes the body of a download whose response is lost, or whose worker has died: it would keep a file open. */
export async function discardBody(response: unknown): Promise<void> {
  if (typeof response !== 'object' || response === null || !('body' in response)) return;
  await discard(response as Pick<DownloadedFile, 'body'>);
}
