import pMap from 'p-map';
import { expect } from 'vitest';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import type { Reply } from './client.ts';
import { discardBody, type Interceptor } from './intercepted-port.ts';

/** With engines, most of a story is waiting for responses. */
const WORLDS_AT_ONCE = 10;

/**
 * Plays a story once without a fault and then once for each call that it makes to the outside, which fails in two ways:
 * it did not happen, or it happened and its response was lost. Every end must be that of the faultless story.
 */
export async function endTheSame<End>(endOf: (interceptor: Interceptor) => Promise<End>): Promise<End> {
  const calls = noteCalls();
  const faultless = await endOf(calls.interceptor);
  const faults = calls.names.flatMap((call, index) =>
    (['not made', 'response lost'] as const).map((when) => ({ call, index, when })),
  );
  await pMap(
    faults,
    async ({ call, index, when }) => {
      const end = await endOf(failCall(index, when));
      expect(end, `call ${index}, ${call}: ${when}`).toEqual(faultless);
    },
    { concurrency: WORLDS_AT_ONCE },
  );
  return faultless;
}

function noteCalls(): { readonly names: readonly string[]; readonly interceptor: Interceptor } {
  const names: string[] = [];
  return {
    names,
    interceptor: (call, proceed) => {
      names.push(call);
      return proceed();
    },
  };
}

function failCall(index: number, when: 'not made' | 'response lost'): Interceptor {
  let calls = 0;
  return async (call, proceed) => {
    const isFailing = calls === index;
    calls += 1;
    if (!isFailing) return proceed();
    if (when === 'response lost') await discardBody(await proceed());
    throw new DependencyUnavailableError(`${call}: ${when}`);
  };
}

/** A client that repeats its request after a 5xx, as every client must. */
export async function untilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  const reply = await ask();
  return reply.status >= 500 ? ask() : reply;
}
