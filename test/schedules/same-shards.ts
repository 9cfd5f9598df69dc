import type { DueWork, RecordStore } from '../../shared/metadata/record-store.ts';
import { shardOf } from '../memory/record-searches.ts';

/** More than is ever due in a scenario. */
const ALL = 100;

/**
 * The store with the shards of the in-memory one: which work is in one shard decides in which order a sweep makes its
 * calls, so a schedule would mean something else with every store.
 */
export function withSameShards(records: RecordStore): RecordStore {
  async function allDue(now: Date): Promise<DueWork[]> {
    const shards = await records.dueShards({ now });
    const pages = await Promise.all(shards.map((shard) => records.dueWork({ shard, now, limit: ALL })));
    return pages.flatMap(({ items }) => items).sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));
  }

  return {
    read: (keys) => records.read(keys),
    commit: (writes) => records.commit(writes),
    pause: (refusals) => records.pause(refusals),
    dueShards: async ({ now }) => [...new Set((await allDue(now)).map(shardOf))].sort(),
    async dueWork({ shard, now, limit }) {
      return { items: (await allDue(now)).filter((work) => shardOf(work) === shard).slice(0, limit) };
    },
    openUploads: (input) => records.openUploads(input),
    listAttachments: (input) => records.listAttachments(input),
    countUsage: (input) => records.countUsage(input),
    checkReady: () => records.checkReady(),
  };
}

function placeOf(work: DueWork): string {
  const id = 'uploadId' in work ? work.uploadId : 'fileId' in work ? work.fileId : work.entityId;
  return `${work.workAt} ${work.kind} ${id}`;
}
