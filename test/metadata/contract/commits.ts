import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guard, RecordKey, RecordStore, RecordWrite } from '../../../shared/metadata/record-store.ts';
import type { AvatarRecord, OrganizationRecord, OwnerRecord } from '../../../shared/metadata/records.ts';

/** What reads and commits of every record store must do, whatever the lifecycle makes of them. */
export function describeRecordStore(
  name: string,
  open: () => Promise<{ store: RecordStore; close(): Promise<void> }>,
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    describe('a change', () => describeChanges(() => opened.store));
    describe('an adjustment', () => describeAdjustments(() => opened.store));
    describe('a commit', () => describeCommits(() => opened.store));
  });
}

function newAvatar(changes: Partial<AvatarRecord> = {}): AvatarRecord {
  return {
    entityType: 'users',
    entityId: randomUUID(),
    organizationId: 'acme',
    generation: 3,
    readyGeneration: 0,
    deletedGeneration: 2,
    chargedBytes: 0,
    ...changes,
  };
}

function newOrganization(): OrganizationRecord {
  const counters = { bytesLimit: 100, bytesFree: 60, filesLimit: 10, filesFree: 8, openUploads: 2, version: 5 };
  return { organizationId: randomUUID(), ...counters, state: 'active' };
}

const keyOf = ({ entityType, entityId }: AvatarRecord): RecordKey => ({ kind: 'avatar', entityType, entityId });
const organizationKey = ({ organizationId }: { readonly organizationId: string }): RecordKey => ({
  kind: 'organization',
  organizationId,
});

/** Everything that a test does with one record. */
function withStore(store: RecordStore) {
  const find = async (key: RecordKey) => (await store.read([key]))[0];
  const create = async (key: RecordKey, next: AvatarRecord | OrganizationRecord) =>
    expect(await store.commit([{ key, seen: undefined, next, uses: [] }])).toBe(true);
  return { store, find, create };
}

function describeChanges(storeOf: () => RecordStore): void {
  const withAvatar = async (changes: Partial<AvatarRecord> = {}) => {
    const { store, find, create } = withStore(storeOf());
    const seen = newAvatar(changes);
    const key = keyOf(seen);
    await create(key, seen);
    const change = (next: AvatarRecord | undefined, uses: readonly (keyof AvatarRecord)[], from = seen) =>
      store.commit([{ key, seen: from, next, uses }]);
    return { store, seen, key, change, now: () => find(key) };
  };

  it('creates a record only where there is none', async () => {
    const { store, seen, key, now } = await withAvatar();
    expect(await now()).toEqual(seen);
    const other = { ...seen, generation: 9 };
    expect(await store.commit([{ key, seen: undefined, next: other, uses: [] }])).toBe(false);
    expect(await now()).toEqual(seen);
  });

  it('writes only where each field that it uses is as it was seen', async () => {
    const { seen, change, now } = await withAvatar();
    expect(await change({ ...seen, generation: 4 }, ['generation'], { ...seen, generation: 2 })).toBe(false);
    expect(await change({ ...seen, generation: 4 }, ['generation', 'expiresAt'])).toBe(true);
    expect(await now()).toEqual({ ...seen, generation: 4 });
  });

  it('is refused where a field that was absent exists, and where one that existed is absent', async () => {
    const { seen, change, now } = await withAvatar({ latestUploadId: 'one' });
    const { latestUploadId: _, ...without } = seen;
    expect(await change({ ...without, generation: 4 }, ['latestUploadId'], without)).toBe(false);
    const failing = { ...seen, failingSince: '2026-01-01T00:00:00.000Z' };
    expect(await change({ ...failing, generation: 4 }, ['failingSince'], failing)).toBe(false);
    expect(await now()).toEqual(seen);
  });

  it('compares lists and objects by their content', async () => {
    const retired = [{ folder: 'a', thumbnails: ['small.webp'], removeAt: '2026-01-01T00:00:00.000Z' }];
    const { seen, change, now } = await withAvatar({ retired });
    const others = [{ ...retired[0], folder: 'b', removeAt: '2026-01-01T00:00:00.000Z' }];
    expect(await change({ ...seen, generation: 4 }, ['retired'], { ...seen, retired: others })).toBe(false);
    expect(await change({ ...seen, generation: 4 }, ['retired'], structuredClone(seen))).toBe(true);
    expect(await now()).toEqual({ ...seen, generation: 4 });
  });

  it('takes values as equal whatever the order of their fields, and fields that are undefined as absent', async () => {
    const image = { folder: 'two', sizes: {}, thumbHash: 'aGFzaA==', updatedAt: '2026-01-01T00:00:00.000Z' };
    const { seen, change, now } = await withAvatar({ image });
    const reversed = Object.fromEntries(Object.entries({ ...image, original: undefined }).reverse());
    const copy = { ...seen, workAt: undefined, image: reversed } as unknown as AvatarRecord;
    expect(await change({ ...copy, generation: 4 }, ['image', 'workAt'], copy)).toBe(true);
    expect(await now()).toEqual({ ...seen, generation: 4 });
  });

  it('leaves fields alone that it does not change, also when they were written meanwhile', async () => {
    const { seen, change, now } = await withAvatar();
    expect(await change({ ...seen, chargedBytes: 7, latestUploadId: 'new' }, [])).toBe(true);
    const unknown = { ...seen, ofANewerRelease: { kept: [1] } };
    expect(await change(unknown, [])).toBe(true);
    expect(await change({ ...seen, generation: 4 }, ['generation'])).toBe(true);
    const expected = { ...unknown, generation: 4, chargedBytes: 7, latestUploadId: 'new' };
    expect(await now()).toEqual(expected);
  });

  it('removes the fields that are no longer there, or undefined', async () => {
    const { seen, change, now } = await withAvatar({ latestUploadId: 'one', workAt: '2026-01-01T00:00:00.000Z' });
    const { latestUploadId: _, workAt, ...next } = seen;
    expect(await change({ ...next, workAt: undefined } as unknown as AvatarRecord, [])).toBe(true);
    const stored = await now();
    expect(stored).toStrictEqual(next);
    expect(Object.keys(stored ?? {})).not.toContain('workAt');
  });

  it('removes the record where it is as it was seen', async () => {
    const { store, seen, key, change, now } = await withAvatar();
    expect(await change(undefined, ['generation'], { ...seen, generation: 2 })).toBe(false);
    expect(await now()).toEqual(seen);
    expect(await change(undefined, ['generation'])).toBe(true);
    expect(await now()).toBeUndefined();
    expect(await change(undefined, ['generation'])).toBe(false);
    expect(await store.commit([{ key, seen, next: { ...seen, generation: 4 }, uses: [] }])).toBe(false);
    expect(await now()).toBeUndefined();
  });
}

function describeAdjustments(storeOf: () => RecordStore): void {
  const withOrganization = async () => {
    const { store, find, create } = withStore(storeOf());
    const organization = newOrganization();
    const key = organizationKey(organization);
    await create(key, organization);
    return { store, organization, key, now: () => find(key) };
  };

  it('adds to whatever the counters are, and sets fields', async () => {
    const { store, organization, key, now } = await withOrganization();
    const adjustment = { key, add: { bytesFree: -70, version: 1 }, set: { state: 'paused', filesLimit: 3 } };
    expect(await store.commit([adjustment])).toBe(true);
    const expected = { ...organization, bytesFree: -10, version: 6, state: 'paused', filesLimit: 3 };
    expect(await now()).toEqual(expected);
    expect(await store.commit([{ key, add: { bytesFree: 5 } }])).toBe(true);
    expect(await now()).toEqual({ ...expected, bytesFree: -5 });
  });

  it('leaves fields alone that this release does not know', async () => {
    const { store, organization, key, now } = await withOrganization();
    const unknown = { ...organization, ofANewerRelease: 'kept' };
    expect(await store.commit([{ key, seen: organization, next: unknown, uses: [] }])).toBe(true);
    expect(await store.commit([{ key, add: { version: 1 } }])).toBe(true);
    expect(await now()).toEqual({ ...unknown, version: 6 });
  });

  it.each<[Guard, boolean]>([
    [{ field: 'state', equals: 'active' }, true],
    [{ field: 'state', equals: 'paused' }, false],
    [{ field: 'version', equals: 5 }, true],
    [{ field: 'version', equals: 6 }, false],
    [{ field: 'state', not: 'erasing' }, true],
    [{ field: 'state', not: 'active' }, false],
    [{ field: 'bytesFree', atLeast: 60 }, true],
    [{ field: 'bytesFree', atLeast: 61 }, false],
    [{ field: 'openUploads', below: 3 }, true],
    [{ field: 'openUploads', below: 2 }, false],
    [{ field: 'unknown', atLeast: 0 }, false],
    [{ field: 'unknown', below: 1 }, false],
  ])('with the guard %j is written or refused', async (guard, isWritten) => {
    const { store, organization, key, now } = await withOrganization();
    const guards: Guard[] = [{ field: 'version', atLeast: 0 }, guard];
    expect(await store.commit([{ key, add: { version: 1 }, guards }])).toBe(isWritten);
    expect(await now()).toEqual({ ...organization, version: isWritten ? 6 : 5 });
    expect(await store.commit([{ key, guards }])).toBe(isWritten && !('equals' in guard && guard.field === 'version'));
    expect(await now()).toEqual({ ...organization, version: isWritten ? 6 : 5 });
  });

  it('that only checks an absent record creates nothing, and `not` alone holds for it', async () => {
    const { store, find } = withStore(storeOf());
    const key = { kind: 'owner', organizationId: randomUUID(), ownerId: 'ada' } as const;
    expect(await store.commit([{ key, guards: [{ field: 'state', not: 'erasing' }] }])).toBe(true);
    expect(await store.commit([{ key, guards: [{ field: 'state', equals: 'active' }] }])).toBe(false);
    expect(await store.commit([{ key, guards: [{ field: 'pendingUploads', below: 9 }] }])).toBe(false);
    expect(await store.commit([{ key, guards: [{ field: 'pendingUploads', atLeast: 0 }] }])).toBe(false);
    expect(await find(key)).toBeUndefined();
  });

  it('creates the record that it then adjusts, only where there is none', async () => {
    const { store, find } = withStore(storeOf());
    const create: OwnerRecord = {
      organizationId: randomUUID(),
      ownerId: 'ada',
      pendingUploads: 0,
      sentUploads: 0,
      state: 'active',
    };
    const key = { kind: 'owner', organizationId: create.organizationId, ownerId: 'ada' } as const;
    const guards: Guard[] = [
      { field: 'state', equals: 'active' },
      { field: 'pendingUploads', below: 1 },
    ];
    const adjustment = { key, create, add: { pendingUploads: 1 }, guards };
    expect(await store.commit([adjustment])).toBe(true);
    expect(await find(key)).toEqual({ ...create, pendingUploads: 1 });
    expect(await store.commit([adjustment])).toBe(false);
    expect(await store.commit([{ key, create, set: { state: 'erasing' } }])).toBe(false);
    expect(await find(key)).toEqual({ ...create, pendingUploads: 1 });
  });

  it('of 50 at once counts each, when those that are refused are repeated', async () => {
    const { store, organization, key, now } = await withOrganization();
    const addOne = async () => {
      let refusals = 0;
      while (!(await store.commit([{ key, add: { version: 1, bytesFree: -1 } }]))) {
        refusals += 1;
        await store.pause(refusals);
      }
    };
    await Promise.all(Array.from({ length: 50 }, addOne));
    expect(await now()).toEqual({ ...organization, version: 55, bytesFree: 10 });
  });
}

function describeCommits(storeOf: () => RecordStore): void {
  it('writes all or nothing', async () => {
    const { store, find, create } = withStore(storeOf());
    const [one, other, organization] = [newAvatar(), newAvatar(), newOrganization()];
    await create(keyOf(one), one);
    await create(organizationKey(organization), organization);
    const created: RecordWrite = { key: keyOf(other), seen: undefined, next: other, uses: [] };
    const adjusted: RecordWrite = { key: organizationKey(organization), add: { version: 1 } };
    const changed = (seen: AvatarRecord): RecordWrite => {
      return { key: keyOf(one), seen, next: { ...one, generation: 4 }, uses: ['generation'] };
    };
    expect(await store.commit([created, adjusted, changed({ ...one, generation: 2 })])).toBe(false);
    expect(await Promise.all([one, other].map((avatar) => find(keyOf(avatar))))).toEqual([one, undefined]);
    expect(await find(organizationKey(organization))).toEqual(organization);
    expect(await store.commit([created, adjusted, changed(one)])).toBe(true);
    expect(await Promise.all([one, other].map((avatar) => find(keyOf(avatar))))).toEqual([
      { ...one, generation: 4 },
      other,
    ]);
    expect(await find(organizationKey(organization))).toEqual({ ...organization, version: 6 });
  });

  it('of nothing but checks changes nothing', async () => {
    const { store, find, create } = withStore(storeOf());
    const seen = newAvatar();
    await create(keyOf(seen), seen);
    expect(await store.commit([{ key: keyOf(seen), seen, next: seen, uses: ['generation'] }])).toBe(true);
    expect(await find(keyOf(seen))).toEqual(seen);
  });

  it('on one version of a record succeeds at most once of 20 times, and that one is what is stored', async () => {
    const { store, find, create } = withStore(storeOf());
    const seen = newAvatar();
    const key = keyOf(seen);
    await create(key, seen);
    const write = (generation: number) =>
      store.commit([{ key, seen, next: { ...seen, generation }, uses: ['generation'] }]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => write(100 + index)));
    const winners = outcomes.flatMap((committed, index) => (committed ? [100 + index] : []));
    expect(winners.length).toBeLessThanOrEqual(1);
    expect(await find(key)).toEqual({ ...seen, generation: winners[0] ?? seen.generation });
  });

  it('is seen by every read after it, of up to 100 records in the order of the request', async () => {
    const { store, create } = withStore(storeOf());
    const avatars = Array.from({ length: 100 }, () => newAvatar());
    const stored = avatars.filter((_, index) => index % 7 === 0);
    for (const avatar of stored) await create(keyOf(avatar), avatar);
    const found = await store.read(avatars.map(keyOf));
    expect(found).toEqual(avatars.map((avatar) => (stored.includes(avatar) ? avatar : undefined)));
  });
}
