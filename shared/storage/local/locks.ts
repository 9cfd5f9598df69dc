/** Runs the tasks of one name one after the other, those of different names side by side. */
export interface Locks {
  run<T>(name: string, task: () => Promise<T>): Promise<T>;
}

/** Locks of one owner. They guard only what all goes through the same owner. */
export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(name, task) {
      const before = tails.get(name) ?? Promise.resolve();
      const result = before.then(task);
      const tail = result.catch(() => undefined);
      tails.set(name, tail);
      try {
        return await result;
      } finally {
        if (tails.get(name) === tail) tails.delete(name);
      }
    },
  };
}
