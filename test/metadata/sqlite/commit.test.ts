import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { avatarKey, organizationKey } from '../../../shared/metadata/record-keys.ts';
import type { Adjustment, AnyRecord, Guard } from '../../../shared/metadata/record-store.ts';
import type { AvatarRecord, OrganizationRecord } from '../../../shared/metadata/records.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { change, create, remove } from '../../../shared/metadata/transitions/transition.ts';

const AVATAR: AvatarRecord = {
  entityType: 'users',
  entityId: 'ada',
  organizationId: 'acme',
  generation: 3,
  latestUploadId: 'three',
  readyGeneration: 2,
  readyUploadId: 'two',
  deletedGeneration: 0,
  chargedBytes: 10,
  image: { folder: 'two', sizes: {}, crop: { x: 0, y: 0.5, size: 0.5 }, thumbHash: 'aGFzaA==', updatedAt: 'now' },
};
const ORGANIZATION: OrganizationRecord = {
  organizationId: 'acme',
  bytesLimit: 100,
  bytesFree: 90,
  filesLimit: 10,
  filesFree: 9,
  openUploads: 0,
  version: 1,
  state: 'active',
};
const ADA = avatarKey(AVATAR);
const ACME = organizationKey('acme');

let store: SqliteRecordStore;
beforeEach(async () => {
  store = new SqliteRecordStore({ path: ':memory:' });
  await store.commit([create(ADA, AVATAR), create(ACME, ORGANIZATION)]);
});
afterEach(() => store.close());

const stored = async () => store.read([ADA, ACME]);
const adjustOrganization = async (how: Omit<Adjustment, 'key'>) => store.commit([{ key: ACME, ...how }]);

describe('a change', () => {
  it('creates only what is absent', async () => {
    expect(await store.commit([create(ADA, { ...AVATAR, generation: 9 })])).toBe(false);
    expect(await stored()).toEqual([AVATAR, ORGANIZATION]);
  });

  it('of an absent record is refused', async () => {
    const key = avatarKey({ entityType: 'agents', entityId: 'ada' });
    expect(await store.commit([change(key, AVATAR, { ...AVATAR, generation: 4 }, [])])).toBe(false);
    expect(await store.commit([remove(key, AVATAR, [])])).toBe(false);
    expect(await store.read([key])).toEqual([undefined]);
  });

  it('writes, adds and removes the fields in which it differs from what was seen', async () => {
    const { image, ...rest } = AVATAR;
    const next: AvatarRecord = { ...rest, generation: 4, workAt: 'soon' };
    expect(await store.commit([change(ADA, AVATAR, next, ['generation', 'image', 'workAt'])])).toBe(true);
    expect(await stored()).toEqual([next, ORGANIZATION]);
  });

  it('removes the record', async () => {
    expect(await store.commit([remove(ADA, AVATAR, ['generation'])])).toBe(true);
    expect(await stored()).toEqual([undefined, ORGANIZATION]);
  });

  it.each([
    ['another value', { generation: 2 }, 'generation'],
    ['another value inside', { image: { ...AVATAR.image, crop: { x: 0, y: 0.4, size: 0.5 } } }, 'image'],
    ['a field more inside', { image: { ...AVATAR.image, original: {} } }, 'image'],
    ['a value that is absent now', { workAt: 'soon' }, 'workAt'],
    ['no value where there is one now', { latestUploadId: undefined }, 'latestUploadId'],
    ['a list where there is none now', { retired: [] }, 'retired'],
  ] as const)('is refused where %s was seen in a field that it uses', async (_, before, field) => {
    const seen = { ...AVATAR, ...before } as AvatarRecord;
    const next = { ...seen, chargedBytes: 11 };
    expect(await store.commit([change(ADA, seen, next, [field])])).toBe(false);
    expect(await store.commit([remove(ADA, seen, [field])])).toBe(false);
    expect(await stored()).toEqual([AVATAR, ORGANIZATION]);
  });

  it('takes values as equal whatever the order of their fields, and undefined fields as absent', async () => {
    const { thumbHash, folder, ...image } = AVATAR.image as NonNullable<AvatarRecord['image']>;
    const seen = { ...AVATAR, workAt: undefined, image: { thumbHash, original: undefined, ...image, folder } };
    const next = { ...seen, generation: 4 };
    expect(
      await store.commit([change<AnyRecord>(ADA, seen as never, next as never, ['image', 'workAt'] as never)]),
    ).toBe(true);
    expect(await stored()).toEqual([{ ...AVATAR, generation: 4 }, ORGANIZATION]);
  });

  it('leaves what others have changed meanwhile in fields that it does not use', async () => {
    await store.commit([change(ADA, AVATAR, { ...AVATAR, workAt: 'soon', chargedBytes: 12 }, [])]);
    expect(await store.commit([change(ADA, AVATAR, { ...AVATAR, generation: 4 }, ['generation'])])).toBe(true);
    expect(await stored()).toEqual([{ ...AVATAR, generation: 4, workAt: 'soon', chargedBytes: 12 }, ORGANIZATION]);
  });

  it('leaves fields that this release does not know', async () => {
    const unknown = { colour: 'teal', history: [{ at: 'then' }] };
    await store.commit([change(ADA, AVATAR, { ...AVATAR, ...unknown }, [])]);
    const { image, ...rest } = AVATAR;
    expect(await store.commit([change(ADA, AVATAR, rest, ['generation'])])).toBe(true);
    expect(await stored()).toEqual([{ ...rest, ...unknown }, ORGANIZATION]);
  });
});

describe('an adjustment', () => {
  it('adds to what the counters are by then, and sets fields', async () => {
    await adjustOrganization({ add: { bytesFree: -5, version: 1 } });
    expect(await adjustOrganization({ add: { bytesFree: -5, version: 1 }, set: { state: 'paused' } })).toBe(true);
    expect(await stored()).toEqual([AVATAR, { ...ORGANIZATION, bytesFree: 80, version: 3, state: 'paused' }]);
  });

  it('leaves fields that this release does not know', async () => {
    const unknown = { colour: 'teal' };
    await store.commit([change(ACME, ORGANIZATION, { ...ORGANIZATION, ...unknown }, [])]);
    await adjustOrganization({ add: { version: 1 } });
    expect(await stored()).toEqual([AVATAR, { ...ORGANIZATION, ...unknown, version: 2 }]);
  });

  it('creates the record where none was seen, and is refused where there is one by then', async () => {
    const key = organizationKey('globex');
    const globex = { ...ORGANIZATION, organizationId: 'globex' };
    const first = { key, add: { version: 1 }, guards: [{ field: 'state', equals: 'active' }], create: globex } as const;
    expect(await store.commit([first])).toBe(true);
    expect(await store.commit([first])).toBe(false);
    expect(await store.read([key])).toEqual([{ ...globex, version: 2 }]);
  });

  const met: Guard[] = [
    { field: 'state', equals: 'active' },
    { field: 'state', not: 'erasing' },
    { field: 'bytesFree', atLeast: 90 },
    { field: 'bytesFree', below: 91 },
  ];
  const unmet: Guard[] = [
    { field: 'state', equals: 'paused' },
    { field: 'state', not: 'active' },
    { field: 'bytesFree', atLeast: 91 },
    { field: 'bytesFree', below: 90 },
    { field: 'unknown', atLeast: 0 },
    { field: 'unknown', below: 1 },
  ];

  it('is made where every guard holds', async () => {
    expect(await adjustOrganization({ add: { version: 1 }, guards: met })).toBe(true);
    expect(await stored()).toEqual([AVATAR, { ...ORGANIZATION, version: 2 }]);
  });

  it.each(unmet)('is refused where one guard does not hold: %j', async (guard) => {
    expect(await adjustOrganization({ add: { version: 1 }, guards: [...met, guard] })).toBe(false);
    expect(await adjustOrganization({ guards: [guard] })).toBe(false);
    expect(await stored()).toEqual([AVATAR, ORGANIZATION]);
  });

  it('of an absent record only passes where nothing is written and every guard is a `not`', async () => {
    const key = organizationKey('globex');
    const notErasing = { field: 'state', not: 'erasing' };
    expect(await store.commit([{ key, guards: [notErasing] }])).toBe(true);
    expect(await store.commit([{ key, guards: [notErasing], add: { version: 1 } }])).toBe(false);
    expect(await store.commit([{ key, guards: [{ field: 'bytesFree', below: 1 }] }])).toBe(false);
    expect(await store.read([key])).toEqual([undefined]);
  });
});

describe('a commit', () => {
  it('writes nothing if the condition of a later write does not hold', async () => {
    const writes = [
      change(ADA, AVATAR, { ...AVATAR, generation: 4 }, ['generation']),
      { key: ACME, add: { version: 1 }, guards: [{ field: 'state', equals: 'paused' } as const] },
    ];
    expect(await store.commit(writes)).toBe(false);
    expect(await stored()).toEqual([AVATAR, ORGANIZATION]);
  });

  it('of nothing but checks changes nothing', async () => {
    expect(await store.commit([change(ADA, AVATAR, AVATAR, ['generation'])])).toBe(true);
    expect(await stored()).toEqual([AVATAR, ORGANIZATION]);
  });
});
