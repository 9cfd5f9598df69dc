import type { MetadataStore } from './metadata-store.ts';
import type { ServiceSwitches } from './records.ts';

/** Every ticket reads the switches, so they are read again at most this often. */
const CACHE_MILLISECONDS = 10_000;

/** The service's switches, at most 10 s old. A failed read is not kept. */
export function cacheSwitches(
  metadata: Pick<MetadataStore, 'getSwitches'>,
  clock: () => Date,
): () => Promise<ServiceSwitches> {
  let cached: { readonly until: number; readonly switches: ServiceSwitches } | undefined;
  return async () => {
    const now = clock().getTime();
    if (!cached || cached.until <= now) {
      cached = { until: now + CACHE_MILLISECONDS, switches: await metadata.getSwitches() };
    }
    return cached.switches;
  };
}
