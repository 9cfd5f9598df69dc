import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { openMemoryAdapters as openInMemory } from '../schedules/memory-adapters.ts';
import type { OpenAdapters } from './world.ts';

/** Adapters in memory, which pass the contract suites: thousands of worlds are played in a minute. */
export const openMemoryAdapters: OpenAdapters = async () => {
  const { records, ...adapters } = await openInMemory();
  return { ...adapters, metadata: createMetadataStore(records) };
};
