import { comeToRest } from './come-to-rest.ts';
import type { Expected } from './image-files.ts';
import { createPlayer, type PlayerOptions } from './player.ts';
import { prepare, type ScheduleAdapters } from './prepare.ts';
import { faultsAtRest } from './rest-invariants.ts';
import { parseSchedule } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';
import { takeSnapshot, watchRecords } from './stored-snapshot.ts';
import type { Violation } from './violations.ts';

export interface ReplayOptions extends Expected, Pick<PlayerOptions, 'onStep'> {
  readonly schedule: string;
}

export interface Replayed {
  /** What was wrong on the way and at rest. */
  readonly violations: readonly Violation[];
  /** What is stored at rest. */
  readonly snapshot: Snapshot;
}

/**
 * Runs one schedule on new adapters.
 * @throws RangeError if its tasks make other calls on these adapters.
 */
export async function replay(
  { schedule, scenario, plant, onStep }: ReplayOptions,
  openAdapters: () => Promise<ScheduleAdapters>,
): Promise<Replayed> {
  const { storage, sendPart, close, ...adapters } = await openAdapters();
  const violations = new Map<string, Violation>();
  const report = (faults: readonly string[], isAtRest: boolean) => {
    for (const fault of faults) violations.set(`${isAtRest} ${fault}`, { fault, schedule, isAtRest });
  };
  try {
    const watched = watchRecords(adapters.records);
    const now = new Date();
    const look = () => takeSnapshot(watched, storage);
    const player = await createPlayer({
      scenario,
      plant,
      prepared: await prepare({ scenario, plant }, { records: watched.records, storage, sendPart }, now),
      startsAt: now.getTime(),
      takeSnapshot: look,
      onStep,
      report: (faults) => report(faults, false),
    });
    for (const choice of schedule === '' ? [] : parseSchedule(schedule)) await player.take(choice);
    if (!(await comeToRest(player.stage, player.redelivered()))) report(['it never comes to rest'], true);
    const snapshot = await look();
    report(faultsAtRest(snapshot, { scenario, plant, now: player.stage.now, done: player.done() }), true);
    return { violations: [...violations.values()], snapshot };
  } finally {
    await close();
  }
}
