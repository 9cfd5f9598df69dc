import { randomUUID } from 'node:crypto';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { pkOf } from '../../../shared/metadata/dynamodb/item-keys.ts';
import { itemOf } from '../../../shared/metadata/dynamodb/items.ts';
import { attachmentKey, avatarKey, organizationKey, ownerKey } from '../../../shared/metadata/record-keys.ts';
import type { Adjustment, AnyRecord, Guard, RecordKey, RecordWrite } from '../../../shared/metadata/record-store.ts';
import type { AvatarRecord, OrganizationRecord } from '../../../shared/metadata/records.ts';
import { adjust, change, create, remove } from '../../../shared/metadata/transitions/transition.ts';
import { intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';
import { at, attachment, fullAvatar, organization, owner, retiredVersion } from './sample-records.ts';

let table: OpenedTable;
let documents: DynamoDBDocumentClient;
let store: DynamoDbRecordStore;
beforeAll(async () => {
  table = await openTable();
  documents = DynamoDBDocumentClient.from(table.connect());
  store = new DynamoDbRecordStore(table);
});
afterAll(() => table.close());

let sent: string[];
let restore: () => void;
beforeEach(() => {
  sent = [];
  restore = intercept(table.client, ({ operation, proceed }) => {
    sent.push(operation);
    return proceed();
  });
});
afterEach(() => restore());

async function find(key: RecordKey): Promise<AnyRecord | undefined> {
  const [found] = await store.read([key]);
  return found;
}

/** Creates the record, and forgets how. */
async function stored<R extends AnyRecord>(key: RecordKey, record: R): Promise<R> {
  expect(await store.commit([create(key, record)])).toBe(true);
  sent.length = 0;
  return record;
}

const storedAvatar = async (changes: Partial<AvatarRecord> = {}) => {
  const avatar = fullAvatar(changes);
  return stored(avatarKey(avatar), avatar);
};

describe('a record is created', () => {
  it('where there is none, by one PutItem', async () => {
    const avatar = fullAvatar();
    expect(await store.commit([create(avatarKey(avatar), avatar)])).toBe(true);
    expect(sent).toEqual(['PutItem']);
    expect(await find(avatarKey(avatar))).toEqual(avatar);
  });

  it('not over one that is there', async () => {
    const avatar = await storedAvatar();
    expect(await store.commit([create(avatarKey(avatar), { ...avatar, generation: 1 })])).toBe(false);
    expect(await find(avatarKey(avatar))).toEqual(avatar);
  });
});

describe('a record is changed', () => {
  it('field by field, by one UpdateItem', async () => {
    const avatar = await storedAvatar();
    const { image, workAt, ...rest } = avatar;
    const next = { ...rest, generation: 7, failingSince: at(10) };
    expect(await store.commit([change(avatarKey(avatar), avatar, next, ['generation'])])).toBe(true);
    expect(sent).toEqual(['UpdateItem']);
    expect(await find(avatarKey(avatar))).toEqual(next);
  });

  it.each<[string, keyof AvatarRecord, unknown]>([
    ['a number', 'generation', 3],
    ['a text', 'readyUploadId', 'another'],
    ['a list', 'retired', [retiredVersion(9)]],
    ['a map', 'image', { folder: 'another' }],
    ['a field that is gone', 'workAt', undefined],
    ['a field held by a key', 'organizationId', 'another'],
  ])('only while what it is based on is as it was seen: %s', async (_what, field, other) => {
    const avatar = await storedAvatar();
    const { [field]: _, ...without } = avatar;
    const moved = { ...without, ...(other !== undefined && { [field]: other }) } as AvatarRecord;
    expect(await store.commit([change(avatarKey(avatar), avatar, moved, [])])).toBe(true);
    const next = { ...avatar, chargedBytes: 1 };
    expect(await store.commit([change(avatarKey(avatar), avatar, next, [field])])).toBe(false);
    expect(await store.commit([change(avatarKey(avatar), moved, { ...moved, chargedBytes: 1 }, [field])])).toBe(true);
    expect(await find(avatarKey(avatar))).toEqual({ ...moved, chargedBytes: 1 });
  });

  it('only while a field that was absent is absent', async () => {
    const avatar = await storedAvatar();
    const failing = { ...avatar, failingSince: at(10) };
    expect(await store.commit([change(avatarKey(avatar), avatar, failing, ['failingSince'])])).toBe(true);
    expect(await store.commit([change(avatarKey(avatar), avatar, failing, ['failingSince'])])).toBe(false);
  });

  it('whatever became of the fields that it is not based on, which stay', async () => {
    const avatar = await storedAvatar();
    await store.commit([change(avatarKey(avatar), avatar, { ...avatar, chargedBytes: 5 }, [])]);
    expect(await store.commit([change(avatarKey(avatar), avatar, { ...avatar, generation: 9 }, ['generation'])])).toBe(
      true,
    );
    expect(await find(avatarKey(avatar))).toEqual({ ...avatar, chargedBytes: 5, generation: 9 });
  });

  it('not where it was removed, also when nothing that it is based on was there', async () => {
    const avatar = fullAvatar();
    const failing = { ...avatar, failingSince: at(10) };
    expect(await store.commit([change(avatarKey(avatar), avatar, failing, ['failingSince'])])).toBe(false);
    expect(await store.commit([change(avatarKey(avatar), avatar, failing, [])])).toBe(false);
    expect(await find(avatarKey(avatar))).toBeUndefined();
  });

  it('and keeps the fields that this release does not know, also those added since it was read', async () => {
    const avatar = await storedAvatar();
    await addAttribute(avatarKey(avatar), 'addedLater', { a: [1] });
    const seen = (await find(avatarKey(avatar))) as AvatarRecord;
    await addAttribute(avatarKey(avatar), 'addedSince', 'b');
    expect(await store.commit([change(avatarKey(avatar), seen, { ...seen, generation: 3 }, ['generation'])])).toBe(
      true,
    );
    const unknown = { addedLater: { a: [1] }, addedSince: 'b' };
    expect(await find(avatarKey(avatar))).toEqual({ ...avatar, ...unknown, generation: 3 });
  });

  it('not at all where it is equal already, but only if it is still so', async () => {
    const avatar = await storedAvatar();
    // Equal in all that is stored: another copy, another order of fields, and a field that is undefined.
    const copy = Object.fromEntries(Object.entries(structuredClone(avatar)).reverse());
    const equal = { ...copy, retired: avatar.retired?.map((version) => ({ ...version, pass: undefined })) };
    const same = change(avatarKey(avatar), avatar, equal as unknown as AvatarRecord, ['generation']);
    expect(await store.commit([same])).toBe(true);
    await addAttribute(avatarKey(avatar), 'chargedBytes', 5);
    expect(await store.commit([same])).toBe(true);
    expect(await find(avatarKey(avatar))).toMatchObject({ chargedBytes: 5, retired: avatar.retired });
    await store.commit([change(avatarKey(avatar), avatar, { ...avatar, generation: 9 }, [])]);
    expect(await store.commit([same])).toBe(false);
  });

  async function addAttribute(key: RecordKey, name: string, value: unknown): Promise<void> {
    await documents.send(
      new UpdateCommand({
        TableName: table.tableName,
        Key: { pk: pkOf(key) },
        UpdateExpression: 'SET #name = :value',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  }
});

describe('a record is removed', () => {
  it('while it is as it was seen, by one DeleteItem', async () => {
    const file = attachment();
    const key = attachmentKey(file.fileId);
    await stored(key, file);
    expect(await store.commit([remove(key, { ...file, status: 'deleting' }, ['status'])])).toBe(false);
    expect(await find(key)).toEqual(file);
    sent.length = 0;
    expect(await store.commit([remove(key, file, ['status'])])).toBe(true);
    expect(sent).toEqual(['DeleteItem']);
    expect(await find(key)).toBeUndefined();
  });

  it('not twice', async () => {
    const file = attachment();
    expect(await store.commit([remove(attachmentKey(file.fileId), file, ['status'])])).toBe(false);
  });
});

describe('an adjustment', () => {
  let company: OrganizationRecord;
  let key: RecordKey;
  beforeEach(async () => {
    company = organization({ bytesFree: 50, filesFree: 5 });
    key = organizationKey(company.organizationId);
    await stored(key, company);
  });

  it('adds to whatever the counters are, and replaces fields, by one UpdateItem', async () => {
    const credit = adjust(key, { add: { bytesFree: 7, filesFree: -1 }, set: { state: 'paused' } });
    expect(await store.commit([credit])).toBe(true);
    expect(sent).toEqual(['UpdateItem']);
    expect(await store.commit([credit])).toBe(true);
    expect(await find(key)).toEqual({ ...company, bytesFree: 64, filesFree: 3, state: 'paused' });
  });

  it.each<[string, Guard, boolean]>([
    ['equal', { field: 'state', equals: 'active' }, true],
    ['not equal', { field: 'state', equals: 'paused' }, false],
    ['an equal number', { field: 'version', equals: 1 }, true],
    ['another number', { field: 'version', equals: 2 }, false],
    ['anything else', { field: 'state', not: 'erasing' }, true],
    ['not anything else', { field: 'state', not: 'active' }, false],
    ['as much as is needed', { field: 'bytesFree', atLeast: 50 }, true],
    ['less than is needed', { field: 'bytesFree', atLeast: 51 }, false],
    ['below the cap', { field: 'bytesFree', below: 51 }, true],
    ['at the cap', { field: 'bytesFree', below: 50 }, false],
  ])('is made only where its guards hold: %s', async (_what, guard, holds) => {
    const holding: Guard = { field: 'filesFree', atLeast: 1 };
    expect(await store.commit([adjust(key, { guards: [guard, holding] })])).toBe(holds);
    expect(await store.commit([adjust(key, { add: { version: 1 }, guards: [holding, guard] })])).toBe(holds);
    expect(await find(key)).toEqual({ ...company, version: holds ? 2 : 1 });
  });

  it('of an absent record is refused, whatever its guards', async () => {
    const absent = organizationKey(randomUUID());
    expect(await store.commit([adjust(absent, { add: { version: 1 } })])).toBe(false);
    const guards: Guard[] = [{ field: 'state', not: 'erasing' }];
    expect(await store.commit([adjust(absent, { set: { state: 'paused' }, guards })])).toBe(false);
    expect(await find(absent)).toBeUndefined();
  });

  it('that is only a check holds for an absent record where its only guard is what it must not be', async () => {
    const absent = organizationKey(randomUUID());
    const notErasing: Guard = { field: 'state', not: 'erasing' };
    expect(await store.commit([adjust(absent, { guards: [notErasing] })])).toBe(true);
    const others: Guard[] = [
      { field: 'state', equals: 'active' },
      { field: 'version', atLeast: 0 },
      { field: 'version', below: 9 },
    ];
    for (const guard of others)
      expect(await store.commit([adjust(absent, { guards: [notErasing, guard] })])).toBe(false);
    expect(await find(absent)).toBeUndefined();
  });

  it('creates a record that was absent and still is, by one PutItem', async () => {
    const ada = owner();
    const opens: Adjustment = adjust(ownerKey(ada.organizationId, ada.ownerId), {
      add: { pendingUploads: 1 },
      set: { state: 'erasing' },
      create: ada,
    });
    expect(await store.commit([opens])).toBe(true);
    expect(sent).toEqual(['PutItem']);
    expect(await find(opens.key)).toEqual({ ...ada, pendingUploads: 2, state: 'erasing' });
    expect(await store.commit([opens])).toBe(false);
  });

  it('grants exactly the 6 files that are free to 50 who take one at once', async () => {
    const six = organization({ filesFree: 6 });
    const ofSix = organizationKey(six.organizationId);
    await stored(ofSix, six);
    const take = adjust(ofSix, { add: { filesFree: -1 }, guards: [{ field: 'filesFree', atLeast: 1 }] });
    const granted = await Promise.all(Array.from({ length: 50 }, () => store.commit([take])));
    expect(granted.filter(Boolean)).toHaveLength(6);
    expect(await find(ofSix)).toEqual({ ...six, filesFree: 0 });
  });
});

describe('a commit of several writes', () => {
  it('is one transaction', async () => {
    const [ada, company] = [owner(), organization()];
    const writes: RecordWrite[] = [
      create(ownerKey(ada.organizationId, ada.ownerId), ada),
      create(organizationKey(company.organizationId), company),
    ];
    expect(await store.commit(writes)).toBe(true);
    expect(sent).toEqual(['TransactWriteItems']);
    expect(await store.read(writes.map(({ key }) => key))).toEqual([ada, company]);
  });

  it('writes nothing if one is refused', async () => {
    const avatar = await storedAvatar();
    const file = attachment();
    const company = organization();
    await stored(attachmentKey(file.fileId), file);
    await stored(organizationKey(company.organizationId), company);
    const ada = owner();
    const writes: RecordWrite[] = [
      create(ownerKey(ada.organizationId, ada.ownerId), ada),
      change(avatarKey(avatar), avatar, { ...avatar, generation: 2 }, ['generation']),
      remove(attachmentKey(file.fileId), file, ['status']),
      adjust(organizationKey(company.organizationId), { guards: [{ field: 'state', equals: 'paused' }] }),
    ];
    expect(await store.commit(writes)).toBe(false);
    expect(await store.read(writes.map(({ key }) => key))).toEqual([undefined, avatar, file, company]);
  });
});

describe('the item after a change', () => {
  it('is what it would be if it had been created so: its indexes and its expiry follow', async () => {
    const draft = attachment({ draft: true, workAt: at(9) });
    const key = attachmentKey(draft.fileId);
    await stored(key, draft);
    const { workAt, ...rest } = draft;
    const sentFile = { ...rest, draft: false };
    await store.commit([change(key, draft, sentFile, ['draft'])]);
    expect(await itemAt(key)).toEqual(itemOf(key, sentFile));

    const avatar = await storedAvatar();
    const { image, retired, workAt: _due, ...bare } = avatar;
    const forgotten: AvatarRecord = { ...bare, expiresAt: at(20) };
    await store.commit([change(avatarKey(avatar), avatar, forgotten, [])]);
    expect(await itemAt(avatarKey(avatar))).toEqual(itemOf(avatarKey(avatar), forgotten));
    await store.commit([change(avatarKey(avatar), forgotten, avatar, [])]);
    expect(await itemAt(avatarKey(avatar))).toEqual(itemOf(avatarKey(avatar), avatar));
  });

  async function itemAt(key: RecordKey): Promise<unknown> {
    const { Item } = await documents.send(new GetCommand({ TableName: table.tableName, Key: { pk: pkOf(key) } }));
    return Item;
  }
});
