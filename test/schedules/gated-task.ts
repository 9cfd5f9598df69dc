import type { PortCall, PortResult } from './port-call.ts';
import { openResult } from './port-call.ts';

/** How a task ended. */
export type TaskEnd = { readonly value: unknown } | { readonly error: unknown };

/** A task that waits at a gate for each of its calls to be answered. */
export interface GatedTask {
  /** Calls that were made and not answered, the oldest first. Empty once the task has ended. */
  readonly waiting: readonly PortCall[];
  /** Undefined while it runs. */
  readonly end: TaskEnd | undefined;
  /**
   * Answers the oldest call. Resolves once the task waits for its next answer, or has ended, with whether it looked at
   * the clock meanwhile.
   */
  answer(result: PortResult, now: number): Promise<{ readonly readsClock: boolean }>;
}

/** What a task needs from the gate. */
export interface Gate {
  readonly call: (call: PortCall) => Promise<unknown>;
  readonly clock: () => Date;
}

interface Waiting {
  readonly call: PortCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Turns of the event loop after which a task that neither waits nor ends is taken for one that waits elsewhere. */
const MAX_TURNS = 100;

/** A task that begins with the answer to its first call, `start`. */
export function startGatedTask(start: PortCall, run: (gate: Gate) => Promise<unknown>): GatedTask {
  const waiting: Waiting[] = [];
  let end: TaskEnd | undefined;
  let time = 0;
  let readsClock = false;

  const call = (made: PortCall) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.push({ call: made, resolve, reject });
    });
  const clock = () => {
    readsClock = true;
    return new Date(time);
  };
  const begin = async () => {
    await call(start);
    return run({ call, clock });
  };
  begin().then(
    (value) => {
      end = { value };
    },
    (error: unknown) => {
      end = { error };
    },
  );

  return {
    get waiting() {
      return end ? [] : waiting.map((each) => each.call);
    },
    get end() {
      return end;
    },
    async answer(result, now) {
      const oldest = waiting.shift();
      if (!oldest) throw new RangeError('no call waits for an answer');
      time = now;
      readsClock = false;
      if ('error' in result) oldest.reject(result.error);
      else oldest.resolve(openResult(result));
      await untilQuiet(() => end !== undefined || waiting.length > 0);
      return { readsClock };
    },
  };
}

/** A turn of the event loop comes after everything that needs no timer and no system call. */
async function untilQuiet(isQuiet: () => boolean): Promise<void> {
  for (let turns = 0; turns < MAX_TURNS; turns += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (isQuiet()) return;
  }
  throw new Error('the task waits for something that is no call to a port');
}
