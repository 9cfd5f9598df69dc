import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';

export interface StorageFault<S extends StorageBackend = StorageBackend> {
  readonly method: keyof S;
  /** Of the call: `key`, a copy's `to`, a listing's `prefix`. Any, when absent. */
  readonly key?: StorageKey | string;
  readonly error: Error;
  /** `before`: nothing happens. `after`: it happens, and the answer is lost. */
  readonly when: 'before' | 'after';
}

/** A storage that works like `backend`, but for the faults that are staged: each strikes the next call it fits, once. */
export function failingStorage<S extends StorageBackend>(
  backend: S,
): {
  readonly storage: S;
  failOnce(fault: StorageFault<S>): void;
  /** The staged faults that have not struck. */
  readonly pending: readonly StorageFault<S>[];
} {
  const pending: StorageFault<S>[] = [];

  function takeFault(method: PropertyKey, key: string | undefined): StorageFault<S> | undefined {
    const at = pending.findIndex((fault) => fault.method === method && (fault.key ?? key) === key);
    return at < 0 ? undefined : pending.splice(at, 1)[0];
  }

  const storage = new Proxy(backend, {
    get(target, method) {
      const original: unknown = Reflect.get(target, method, target);
      if (typeof original !== 'function') return original;
      return async (input?: { key?: string; to?: string; prefix?: string }) => {
        const fault = takeFault(method, input?.key ?? input?.to ?? input?.prefix);
        if (fault?.when === 'before') throw fault.error;
        const result: unknown = await original.call(target, input);
        if (fault !== undefined) throw fault.error;
        return result;
      };
    },
  });
  return { storage, failOnce: (fault) => void pending.push(fault), pending };
}
