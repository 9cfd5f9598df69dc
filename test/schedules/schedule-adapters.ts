import type { OpenAdapters } from '../scenarios/world.ts';
import type { ScheduleAdapters } from './prepare.ts';
import { withSameShards } from './same-shards.ts';

/** The adapters of scenarios, for schedules in which each call to the records is a switching point. */
export function withRecords(openAdapters: OpenAdapters): () => Promise<ScheduleAdapters> {
  return async () => {
    const { records, ...adapters } = await openAdapters();
    if (!records) throw new TypeError('these adapters do not hand out their records');
    return { ...adapters, records: withSameShards(records) };
  };
}
