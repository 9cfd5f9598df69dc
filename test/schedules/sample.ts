import type { Snapshot } from './snapshot.ts';

/** At most so many of all, in even steps. */
export function evenly<T>(all: readonly T[], most: number): T[] {
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, index) => all[Math.floor(index * step)] as T);
}

/** What must be equal in two runs of one schedule at different times on different adapters. */
export function withoutTimes({ uploads, avatars, attachments, organizations, objects }: Snapshot) {
  return {
    uploads: uploads.map(({ uploadId, status, code, leases }) => [uploadId, status, code, leases]).sort(),
    avatars: avatars.map(({ generation, readyUploadId, deletedGeneration }) => [
      generation,
      readyUploadId,
      deletedGeneration,
    ]),
    attachments: attachments.map(({ fileId, revision }) => [fileId, revision]),
    free: organizations.map(({ bytesFree, filesFree, version }) => [bytesFree, filesFree, version]),
    // Attachments are stored below their month.
    objects: [...objects].map(([key, { text }]) => [key.replace(/\/\d{4}\/\d{2}\//, '/'), text]).sort(),
  };
}
