import { expect } from 'vitest';
import { replay } from './replay.ts';
import type { Scenario } from './scenario.ts';
import type { Snapshot } from './snapshot.ts';

/** An end of schedules, with one of them. */
export interface End {
  readonly schedule: string;
  /** What is stored at rest. */
  readonly snapshot: Snapshot;
}

/** Some of the schedules that were run side by side come to the same end when each is run by itself. */
export async function expectSameAlone(
  { scenario, ends, most }: { readonly scenario: Scenario; readonly ends: readonly End[]; readonly most: number },
  openAdapters: Parameters<typeof replay>[1],
): Promise<void> {
  for (const { schedule, snapshot } of evenly(ends, most)) {
    const alone = await replay({ scenario, schedule }, openAdapters);
    expect({ schedule, violations: alone.violations }).toEqual({ schedule, violations: [] });
    expect({ schedule, ...withoutTimes(alone.snapshot) }).toEqual({ schedule, ...withoutTimes(snapshot) });
  }
}

/** At most so many of all, in even steps. */
function evenly<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, index) => all[Math.floor(index * step)] as T);
}

/** What must be equal in two runs of one schedule at different times on different adapters. */
function withoutTimes({ uploads, avatars, attachments, organizations, objects }: Snapshot) {
  return {
    uploads: uploads.map(({ uploadId, status, code, leases }) => [uploadId, status, code, leases]).sort(),
    avatars: avatars.map((avatar) => [avatar.generation, avatar.readyUploadId, avatar.deletedGeneration]),
    attachments: attachments.map(({ fileId, revision }) => [fileId, revision]),
    organizations: organizations.map(({ bytesFree, filesFree, version }) => [bytesFree, filesFree, version]),
    // Attachments are stored below their month.
    objects: [...objects].map(([key, { text }]) => [key.replace(/\/\d{4}\/\d{2}\//, '/'), text]).sort(),
  };
}
