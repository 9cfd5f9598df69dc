import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { type StorageKey, storageKeyOf } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { describeConditions } from './storage-conditions.contract.ts';
import { describeListing } from './storage-listing.contract.ts';
import { describeMultipart } from './storage-multipart.contract.ts';
import { describeObjects } from './storage-objects.contract.ts';
import { describeTransfers } from './storage-transfers.contract.ts';

export interface StorageUnderTest {
  readonly backend: StorageBackend;
  /**
   * Tests (as `a listing of "/" is empty`) that the engine behind the storage fails, each with the reason. They run and
   * must fail, so that an engine which has learned is taken off the list.
   */
  readonly engineDifferences?: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What the parts of the suite share: the backend, and keys that no other test uses. */
export interface Subject {
  readonly backend: StorageBackend;
  /** What those keys, and no others, start with. */
  readonly root: string;
  keyOf(name: string): StorageKey;
}

/**
 * What every storage must do, seen through the port and through HTTP requests to the addresses it hands out. Where
 * engines differ, what Amazon S3 documents is expected.
 */
export function describeStorageBackend(name: string, open: () => Promise<StorageUnderTest>): void {
  describe(name, () => {
    let storage: StorageUnderTest;
    beforeAll(async () => {
      storage = await open();
    });
    afterAll(() => storage.close());
    beforeEach(async ({ task, annotate }) => {
      const difference = storage.engineDifferences?.[`${task.suite?.name} ${task.name}`];
      if (difference === undefined) return;
      Object.assign(task, { fails: true }); // as it.fails does
      await annotate(difference);
    });

    const subject = (): Subject => {
      const root = `contract/${randomUUID()}/`;
      return { backend: storage.backend, root, keyOf: (key) => storageKeyOf(`${root}${key}`) };
    };
    describeObjects(subject);
    describeConditions(subject);
    describeListing(subject);
    describeTransfers(subject);
    describeMultipart(subject);
  });
}
