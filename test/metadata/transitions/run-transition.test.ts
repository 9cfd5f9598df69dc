import { describe, expect, it } from 'vitest';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import { avatarKey, organizationKey, ownerKey, uploadKey } from '../../../shared/metadata/record-keys.ts';
import type { RecordKey, RecordStore, RecordWrite } from '../../../shared/metadata/record-store.ts';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { markAvatarDeleted } from '../../../shared/metadata/transitions/delete-avatar.ts';
import { issueUpload } from '../../../shared/metadata/transitions/issue-upload.ts';
import { beginUpload } from '../../../shared/metadata/transitions/leases.ts';
import { publishAvatar } from '../../../shared/metadata/transitions/publish-avatar.ts';
import { runTransition } from '../../../shared/metadata/transitions/run-transition.ts';
import { temporaryKey } from '../../../shared/storage/object-keys.ts';
import { MemoryRecordStore } from '../../memory/memory-record-store.ts';

const NOW = new Date(Date.UTC(2026, 0, 1));
const LATER = new Date(NOW.getTime() + 120_000).toISOString();
const ADA = { entityType: 'users', entityId: 'ada' } as const;

/** A store that writes down its calls. `interfere` runs before each commit. */
function watchedStore(interfere: (store: MemoryRecordStore, attempt: number) => Promise<unknown> = async () => {}) {
  const inner = new MemoryRecordStore();
  const reads: (readonly RecordKey[])[] = [];
  const commits: boolean[] = [];
  const pauses: number[] = [];
  const store: Pick<RecordStore, 'read' | 'commit' | 'pause'> = {
    read: async (keys) => {
      reads.push(keys);
      return inner.read(keys);
    },
    commit: async (writes: readonly RecordWrite[]) => {
      await interfere(inner, commits.length);
      commits.push(await inner.commit(writes));
      return commits.at(-1) === true;
    },
    pause: async (refusals) => void pauses.push(refusals),
  };
  const clear = () => [reads, commits, pauses].forEach((calls) => void calls.splice(0));
  return { inner, store: store as RecordStore, reads, commits, pauses, clear };
}

function ticket(uploadId = 'one', organizationId = 'acme', keyDigest?: string) {
  return {
    upload: {
      kind: 'avatar',
      uploadId,
      ownerId: 'ada',
      avatar: ADA,
      key: temporaryKey(uploadId),
      method: 'PUT',
      contentType: 'image/png',
      contentLength: 10,
      createdAt: NOW.toISOString(),
      urlExpiresAt: LATER,
      acceptUntil: LATER,
    },
    access: { organizationId, ownerId: 'ada', mayBind: true },
    ...(keyDigest !== undefined && { request: { keyDigest, requestDigest: 'a body', expiresAt: LATER } }),
    limits: { organizationBytes: 100, organizationFiles: 10, pendingUploads: 5, sentUploads: 5 },
    now: NOW,
  } as const;
}

const lease = { uploadId: 'one', leaseId: 'mine', leaseUntil: LATER, now: NOW };

async function storedUpload(store: MemoryRecordStore): Promise<UploadRecord> {
  const issued = await runTransition(store, issueUpload, ticket());
  if (issued.outcome !== 'issued') throw new Error(`expected a ticket, got ${issued.outcome}`);
  return issued.upload;
}

describe('a refused commit', () => {
  it('is repeated with the records as they are then, after a pause that knows how many there were', async () => {
    const renames = ['first', 'second'];
    const watched = watchedStore(async (store, attempt) => {
      const seen = uploadIn(store);
      const leaseId = renames[attempt];
      if (!seen || leaseId === undefined) return;
      const next = { ...seen, status: 'processing', leaseId, leaseUntil: NOW.toISOString() } as const;
      await store.commit([{ key: uploadKey('one'), seen, next, uses: [] }]);
    });
    await storedUpload(watched.inner);
    const late = { ...lease, now: new Date(NOW.getTime() + 1) };
    expect(await runTransition(watched.store, beginUpload, late)).toMatchObject({ outcome: 'begun' });
    expect(watched.commits).toEqual([false, false, true]);
    expect(watched.pauses).toEqual([1, 2]);
    expect(uploadIn(watched.inner)).toMatchObject({ leaseId: 'mine', attempts: 1 });
  });

  it('reads what was to be written too, so the reason for the refusal is seen', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, lease);
    const owner = {
      organizationId: 'acme',
      ownerId: 'ada',
      pendingUploads: 0,
      sentUploads: 1,
      state: 'erasing',
    } as const;
    const key = ownerKey('acme', 'ada');
    await watched.inner.commit([{ key, seen: watched.inner.find(key), next: owner, uses: [] }]);
    const image = { folder: 'one', sizes: {}, thumbHash: 'aGFzaA==' };
    expect(await runTransition(watched.store, publishAvatar, { ...lease, image })).toBe('superseded');
    expect(watched.commits).toEqual([false]);
    expect(watched.reads.flat()).toContainEqual(key);
  });

  it('ends with an error that a retry can help, after 30 commits', async () => {
    const watched = watchedStore(async (store, attempt) => {
      const seen = uploadIn(store);
      if (seen) await store.commit([{ key: uploadKey('one'), seen, next: { ...seen, eTag: `${attempt}` }, uses: [] }]);
    });
    await storedUpload(watched.inner);
    const busy = runTransition(watched.store, beginUpload, lease);
    await expect(busy).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(watched.commits).toEqual(Array(30).fill(false));
    expect(watched.pauses).toEqual(Array.from({ length: 29 }, (_, index) => index + 1));
    expect(uploadIn(watched.inner)).toMatchObject({ status: 'pending' });
  });

  it('is charged to the organization that an avatar was bound to meanwhile', async () => {
    const watched = watchedStore(async (store, attempt) => {
      if (attempt === 0) await runTransition(store, issueUpload, ticket('other', 'umbrella'));
    });
    await runTransition(watched.inner, issueUpload, { ...ticket('before'), upload: forAgent('before') });
    const issued = await runTransition(watched.store, issueUpload, ticket());
    expect(issued).toMatchObject({ outcome: 'issued', upload: { organizationId: 'umbrella', generation: 2 } });
    expect(watched.inner.find(organizationKey('umbrella'))).toMatchObject({ bytesFree: 80, openUploads: 2 });
    expect(watched.inner.find(organizationKey('acme'))).toMatchObject({ bytesFree: 90, openUploads: 1 });
  });

  it.each([
    ['a ticket', (store: RecordStore) => runTransition(store, issueUpload, ticket())],
    ['a delete', (store: RecordStore) => runTransition(store, markAvatarDeleted, { ...ticket(), avatar: ADA })],
  ])('of %s is repeated when the avatar was removed and belongs to another organization now', async (_what, act) => {
    const watched = watchedStore(async (store, attempt) => {
      const key = avatarKey(ADA);
      const seen = store.find({ kind: 'avatar', ...ADA });
      if (attempt > 0 || !seen) return;
      // Of the same generation, which alone would not tell.
      await store.commit([{ key, seen, next: undefined, uses: [] }]);
      await store.commit([{ key, seen: undefined, next: { ...seen, organizationId: 'umbrella' }, uses: [] }]);
    });
    await runTransition(watched.inner, issueUpload, ticket('before'));
    await act(watched.store);
    expect(watched.commits).toEqual([false, true]);
  });

  it('of a request that another call was faster with is a replay, with the upload of that call', async () => {
    const watched = watchedStore(async (store, attempt) => {
      if (attempt === 0) await runTransition(store, issueUpload, ticket('other', 'acme', 'key'));
    });
    const replayed = await runTransition(watched.store, issueUpload, ticket('one', 'acme', 'key'));
    const upload = watched.inner.find(uploadKey('other'));
    expect(upload).toBeDefined();
    expect(replayed).toEqual({ outcome: 'replayed', uploadId: 'other', upload });
  });
});

describe('a decision that writes nothing', () => {
  const image = { folder: 'one', sizes: {}, thumbHash: 'aGFzaA==' };

  it('is confirmed on records that are read anew, because several reads may show a commit by halves', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, lease);
    const halves: Pick<RecordStore, 'read' | 'commit' | 'pause'> = {
      ...watched.store,
      read: async (keys) => {
        // The publication whose response was lost is committed between the reads of the upload and of the avatar.
        if (watched.reads.length === 1) await runTransition(watched.inner, publishAvatar, { ...lease, image });
        return watched.store.read(keys);
      },
    };
    expect(await runTransition(halves as RecordStore, publishAvatar, { ...lease, image })).toBe('published');
    expect(watched.commits).toEqual([]);
    expect(watched.reads.length).toBeGreaterThan(2);
  });

  it('is not confirmed where one record was read', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, lease);
    const outcome = await runTransition(watched.store, beginUpload, { ...lease, leaseId: 'other' });
    expect(outcome).toMatchObject({ outcome: 'busy' });
    expect(watched.reads).toHaveLength(1);
  });

  it('is confirmed anew after a refused commit', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    const keys = { upload: uploadKey('one'), avatar: avatarKey(ADA) };
    const refused: RecordWrite = { key: uploadKey('one'), seen: undefined, next: undefined, uses: [] };
    const decisions = [{ outcome: 1 }, { outcome: 2, writes: { upload: refused } }, { outcome: 3 }, { outcome: 4 }];
    const scripted = { reads: () => keys, decide: () => decisions.shift() ?? { outcome: 5 } };
    expect(await runTransition(watched.store, scripted, {})).toBe(4);
    expect(watched.commits).toEqual([false]);
    expect(watched.pauses).toEqual([1]);
  });
});

describe('a record that the caller has read before', () => {
  it('saves a read', async () => {
    const watched = watchedStore();
    const seen = await storedUpload(watched.inner);
    expect(await runTransition(watched.store, beginUpload, { ...lease, seen })).toMatchObject({ outcome: 'begun' });
    expect(watched.reads).toEqual([]);
    expect(watched.commits).toEqual([true]);
  });

  it('saves one read of several', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, lease);
    const seen = uploadIn(watched.inner);
    const image = { folder: 'one', sizes: {}, thumbHash: 'aGFzaA==' };
    expect(await runTransition(watched.store, publishAvatar, { ...lease, image, ...(seen && { seen }) })).toBe(
      'published',
    );
    expect(watched.reads).toEqual([[avatarKey(ADA)]]);
  });

  it('is read again, without a pause, when the commit on it is refused', async () => {
    const watched = watchedStore();
    const seen = await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, { ...lease, leaseId: 'of another' });
    const outcome = await runTransition(watched.store, beginUpload, { ...lease, seen });
    expect(outcome).toEqual({ outcome: 'busy', leaseUntil: LATER });
    expect(watched.commits).toEqual([false]);
    expect(watched.pauses).toEqual([]);
    expect(watched.reads).toEqual([[uploadKey('one')]]);
  });

  it('is read again when it leads to an outcome that writes nothing', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    const { leaseUntil, ...rest } = lease;
    await runTransition(watched.inner, beginUpload, lease);
    const seen = uploadIn(watched.inner);
    await watched.inner.commit([{ key: uploadKey('one'), seen, next: unleased(seen), uses: [] }]);
    const other = { ...rest, leaseId: 'other', leaseUntil, ...(seen && { seen }) };
    expect(await runTransition(watched.store, beginUpload, other)).toMatchObject({ outcome: 'begun' });
    expect(watched.reads).toEqual([[uploadKey('one')]]);
    expect(watched.commits).toEqual([true]);
  });
});

describe('what is read', () => {
  it('is named again by what was read, until nothing is missing, and each record once', async () => {
    const watched = watchedStore();
    await runTransition(watched.inner, issueUpload, ticket('one', 'umbrella'));
    await runTransition(watched.store, issueUpload, ticket('two', 'acme'));
    expect(watched.reads).toEqual([
      [uploadKey('two'), avatarKey(ADA), organizationKey('acme'), ownerKey('acme', 'ada')],
      [organizationKey('umbrella'), ownerKey('umbrella', 'ada')],
    ]);
  });

  it('is read once where one record plays two roles', async () => {
    const watched = watchedStore();
    await storedUpload(watched.inner);
    await runTransition(watched.inner, beginUpload, lease);
    const original = { contentType: 'image/png', bytes: 10, width: 1, height: 1 } as const;
    const image = { folder: 'one', original, sizes: {}, thumbHash: 'aGFzaA==' };
    await runTransition(watched.inner, publishAvatar, { ...lease, image });
    const { upload: _, ...request } = ticket('two', 'acme', 'key');
    const render = { kind: 'render', uploadId: 'two', ownerId: 'ada', avatar: ADA } as const;
    const input = { ...request, upload: { ...render, createdAt: NOW.toISOString(), firstLookAt: LATER } };
    expect(await runTransition(watched.inner, issueUpload, input)).toMatchObject({ outcome: 'issued' });
    // The upload of the request that is repeated is the latest one of the avatar.
    const again = { ...input, upload: { ...input.upload, uploadId: 'three' } };
    expect(await runTransition(watched.store, issueUpload, again)).toMatchObject({
      outcome: 'replayed',
      uploadId: 'two',
    });
    for (const keys of watched.reads) expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(keys.length);
    expect(watched.reads.flat()).toContainEqual(uploadKey('two'));
  });
});

function forAgent(uploadId: string) {
  return { ...ticket(uploadId).upload, avatar: { entityType: 'agents', entityId: 'bot' } } as const;
}

function uploadIn(store: MemoryRecordStore): UploadRecord | undefined {
  return store.find({ kind: 'upload', uploadId: 'one' });
}

/** The record after its lease was released. */
function unleased(seen: UploadRecord | undefined): UploadRecord | undefined {
  if (!seen) return undefined;
  const { leaseId, leaseUntil, ...rest } = seen;
  return rest as UploadRecord;
}
