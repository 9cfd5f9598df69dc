import pMap from 'p-map';
import type { MaintenanceDependencies } from '../dependencies.ts';
import { createSweepRun, RESULTS, type SweepCounts } from './sweep-run.ts';

const PAGE = 100;
/** Shards that the scheduled run sweeps itself, one after the other; the others get an invocation each. */
const INLINE_SHARDS = 4;

export interface SweepOptions {
  /** No further item is begun after this. */
  readonly deadline: Date;
}

/**
 * Does what is due: expires unused tickets, sends the messages of stranded uploads again, cleans up after ended ones,
 * removes retired versions of avatars, drafts whose day is over and deleted attachments. Overlapping runs are harmless:
 * every step is conditional.
 * @returns what was done in this run; the shards that were handed to other invocations are not counted.
 */
export async function sweep(dependencies: MaintenanceDependencies, options: SweepOptions): Promise<SweepCounts> {
  const { metadata, clock, metrics } = dependencies;
  const now = clock();
  const shards = await metadata.dueShards({ now });
  // Before the work, which a run may not survive.
  metrics.record({ SweepLag: await lagOf(dependencies, shards, now) });
  const handedOn = await handOn(dependencies, shards.slice(INLINE_SHARDS));
  const counts: SweepCounts[] = [];
  for (const shard of shards) {
    if (!handedOn.has(shard)) counts.push(await sweepShard(dependencies, { shard, ...options }));
  }
  return sum(counts);
}

/** @returns the shards whose messages could be sent. The others are swept by this run: most work needs no queue. */
async function handOn({ queues, log }: MaintenanceDependencies, shards: readonly number[]): Promise<Set<number>> {
  const handedOn = new Set<number>();
  await pMap(shards, async (shard) => {
    try {
      await queues.sendSweep({ shard });
      handedOn.add(shard);
    } catch (error) {
      log.error('a shard could not be handed on', { shard, error });
    }
  });
  return handedOn;
}

/** Milliseconds since the oldest item became due. Work that is never reached makes it grow; what fails is put off. */
async function lagOf({ metadata }: MaintenanceDependencies, shards: readonly number[], now: Date): Promise<number> {
  const oldest = await Promise.all(shards.map((shard) => metadata.dueWork({ shard, now, limit: 1 })));
  const times = oldest.flatMap(({ items }) => items.map(({ workAt }) => Date.parse(workAt)));
  return Math.max(0, ...times.map((time) => now.getTime() - time));
}

/** The work of one shard, until nothing is due, the budgets are spent or the deadline is near. */
export async function sweepShard(
  dependencies: MaintenanceDependencies,
  { shard, deadline }: SweepOptions & { readonly shard: number },
): Promise<SweepCounts> {
  const { metadata, clock, log, metrics } = dependencies;
  const now = clock();
  const run = createSweepRun(dependencies, deadline);
  let cursor: string | undefined;
  do {
    const page = await metadata.dueWork({ shard, now, limit: PAGE, ...(cursor !== undefined && { cursor }) });
    await run.workOn(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && clock() < deadline);
  const { counts } = run;
  if (RESULTS.some((result) => counts[result] > 0)) {
    log.info('swept', { shard, ...counts });
    metrics.record({
      UploadsExpired: counts.expired,
      UploadsRedriven: counts.redriven,
      SweepFailures: counts.failed,
      ...(counts.givenUp > 0 && { UploadsReady: 0, UploadsRejected: counts.givenUp }),
    });
  }
  return counts;
}

function sum(counts: readonly SweepCounts[]): SweepCounts {
  const total = RESULTS.map((result) => [result, counts.reduce((before, each) => before + each[result], 0)]);
  return Object.fromEntries(total) as SweepCounts;
}
