import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attributeOf, itemOf, recordOf } from '../../../shared/metadata/dynamodb/items.ts';
import { WORK_SHARDS } from '../../../shared/metadata/dynamodb/table-schema.ts';
import {
  attachmentKey,
  avatarKey,
  organizationKey,
  ownerKey,
  requestKey,
  SWITCHES_KEY,
  uploadKey,
} from '../../../shared/metadata/record-keys.ts';
import type { AnyRecord, RecordKey } from '../../../shared/metadata/record-store.ts';
import type { AttachmentRecord, AvatarRecord, AvatarUpload, UploadRecord } from '../../../shared/metadata/records.ts';
import { itemSize } from './item-size.ts';
import {
  at,
  attachment,
  attachmentUpload,
  avatarUpload,
  fullAvatar,
  organization,
  owner,
  request,
} from './sample-records.ts';

const itemOfAvatar = (avatar: AvatarRecord) => itemOf(avatarKey(avatar), avatar);
const itemOfUpload = (upload: UploadRecord) => itemOf(uploadKey(upload.uploadId), upload);
const itemOfFile = (file: AttachmentRecord) => itemOf(attachmentKey(file.fileId), file);

const upload = attachmentUpload();
const file = attachment();
const agent = fullAvatar();
const user = fullAvatar({ entityType: 'users', entityId: 'auth0|ada' });
const company = organization();
const person = owner();
const answered = request();

const WITH_WORKER: Partial<AvatarUpload> = {
  status: 'processing',
  attempts: 1,
  leases: 1,
  leaseId: randomUUID(),
  leaseUntil: at(9),
  eTag: '"d41d8cd98f00b204e9800998ecf8427e"',
  sentAt: at(8),
};
const ENDED: Partial<AvatarUpload> = {
  status: 'rejected',
  code: 'processing_failed',
  finishedAt: at(9),
  expiresAt: at(20),
  cleanUp: 'second',
};

const EVERY_KIND: readonly [string, RecordKey, AnyRecord][] = [
  ['an upload', uploadKey(upload.uploadId), upload],
  ["an agent's avatar", avatarKey(agent), agent],
  ["a user's avatar", avatarKey(user), user],
  ['an attachment', attachmentKey(file.fileId), file],
  ['an organization', organizationKey(company.organizationId), company],
  ['an owner', ownerKey(person.organizationId, person.ownerId), person],
  ['a request', requestKey(answered.keyDigest), answered],
  ['the switches', SWITCHES_KEY, { uploadsPaused: true, reason: 'maintenance' }],
];

describe.each(EVERY_KIND)('the item of %s', (_kind, key, record) => {
  it('holds its whole record', () => {
    expect(recordOf(itemOf(key, record))).toEqual(record);
  });

  it('keeps fields that this release does not know', () => {
    const later = { ...record, addedLater: { a: [1] } };
    expect(recordOf(itemOf(key, later))).toEqual(later);
  });

  it('has no attribute for a field that is undefined', () => {
    const item = itemOf(key, { ...record, workAt: undefined, expiresAt: undefined } as unknown as AnyRecord);
    expect(Object.values(item)).not.toContain(undefined);
    expect(item).not.toHaveProperty('workPk');
    expect(item).not.toHaveProperty('ttl');
  });
});

describe('the item of an avatar', () => {
  it('takes less than 1 KB with UUIDs, large counters, a crop and all the replaced versions that are kept', () => {
    expect(itemSize(itemOfAvatar(fullAvatar()))).toBeLessThan(1_024);
  });

  it('takes less than 1 KB also while the removal of its versions is failing', () => {
    expect(itemSize(itemOfAvatar(fullAvatar({ failingSince: at(9) })))).toBeLessThan(1_024);
  });

  it('does not repeat what its keys hold, and names the attribute that holds it', () => {
    const item = itemOfAvatar(agent);
    for (const field of ['entityType', 'entityId', 'organizationId'] as const) {
      expect(item).not.toHaveProperty(field);
      expect(item[attributeOf('avatar', field)]).toContain(agent[field]);
    }
    expect(attributeOf('avatar', 'generation')).toBe('generation');
    expect(attributeOf('attachment', 'organizationId')).toBe('organizationId');
  });

  it('is in the index of its organization, and in none of a person', () => {
    const item = itemOfAvatar(user);
    expect(item).toMatchObject({ orgPk: `ORG#${user.organizationId}`, orgSk: 'AVATAR' });
    expect(item).not.toHaveProperty('ownerPk');
  });
});

describe('the item of an upload', () => {
  const { uploadId, organizationId, ownerId, createdAt } = upload;

  it.each<[string, Partial<AvatarUpload>]>([
    ['with a crop and a checksum', {}],
    ['while a worker has it', WITH_WORKER],
    ['while its worker fails', { ...WITH_WORKER, failingSince: at(8) }],
    ['once it has ended', { ...WITH_WORKER, ...ENDED }],
  ])('for an avatar takes less than 1 KB %s', (_state, changes) => {
    expect(itemSize(itemOfUpload(avatarUpload(changes)))).toBeLessThan(1_024);
  });

  it('does not repeat what its keys hold, also where the caller has a # in its id', () => {
    const asked = attachmentUpload({ ownerId: 'auth0|ada#7' });
    const item = itemOfUpload(asked);
    for (const field of ['uploadId', 'organizationId', 'ownerId'] as const) {
      expect(item).not.toHaveProperty(field);
      expect(item[attributeOf('upload', field)]).toContain(asked[field]);
    }
    expect(recordOf(item)).toEqual(asked);
  });

  it('is found by organization, person and context', () => {
    expect(itemOfUpload(upload)).toMatchObject({
      pk: `UPLOAD#${uploadId}`,
      orgPk: `ORG#${organizationId}`,
      orgSk: 'UPLOAD',
      ownerPk: `OWNER#${organizationId}#${ownerId}`,
      contextPk: `CONTEXT#${organizationId}#room #7`,
      contextSk: `UPLOAD#${createdAt}#${uploadId}`,
    });
  });

  it.each(['pending', 'processing'] as const)('that is %s is among the open uploads of its owner', (status) => {
    expect(itemOfUpload({ ...upload, status }).ownerSk).toBe(`OPEN#${createdAt}#${uploadId}`);
  });

  it.each(['ready', 'rejected', 'superseded', 'expired', 'aborted'] as const)('that is %s is not', (status) => {
    expect(itemOfUpload({ ...upload, status }).ownerSk).toBe(`UPLOAD#${createdAt}#${uploadId}`);
  });
});

describe('the item of an attachment', () => {
  it.each<[string, Partial<AttachmentRecord>, string]>([
    ['is listed', {}, 'FILE'],
    ['is hidden while it is a draft', { draft: true }, 'HIDDEN'],
    ['is hidden once it is deleted', { status: 'deleting' }, 'HIDDEN'],
  ])('%s', (_what, changes, prefix) => {
    const sortKey = `${prefix}#${file.createdAt}#${file.fileId}`;
    expect(itemOfFile({ ...file, ...changes })).toMatchObject({ orgSk: sortKey, ownerSk: sortKey, contextSk: sortKey });
  });

  it('without a context is in no index of contexts', () => {
    const { contextId, ...contextless } = file;
    expect(itemOfFile(contextless)).not.toHaveProperty('contextPk');
    expect(itemOfFile(contextless)).not.toHaveProperty('contextSk');
  });
});

describe('an item that is due', () => {
  it('is in one shard, which never changes', () => {
    const { workPk } = itemOfUpload(upload);
    expect(WORK_SHARDS).toContain(workPk);
    expect(itemOfUpload({ ...upload, workAt: at(20), status: 'processing', attempts: 1 }).workPk).toBe(workPk);
  });

  it('may be in any of 64 shards', () => {
    const shards = Array.from({ length: 2_000 }, () => itemOfUpload({ ...upload, uploadId: randomUUID() }).workPk);
    expect(new Set(shards)).toEqual(new Set(WORK_SHARDS));
    expect(WORK_SHARDS).toHaveLength(64);
  });

  it('is in none once it is no longer due', () => {
    const { workAt, ...done } = upload;
    expect(itemOfUpload(done)).not.toHaveProperty('workPk');
  });
});

describe('the expiry of an item', () => {
  it('is in whole seconds, rounded up', () => {
    expect(itemOfUpload({ ...upload, expiresAt: '2026-11-27T08:00:00.001Z' })).toMatchObject({
      ttl: Date.parse('2026-11-27T08:00:01.000Z') / 1_000,
      expiresAt: '2026-11-27T08:00:00.001Z',
    });
  });

  it('is absent while the record does not expire', () => {
    expect(itemOfUpload(upload)).not.toHaveProperty('ttl');
  });
});

describe('the size of an item', () => {
  it('is counted as DynamoDB counts it', () => {
    // 2 + 1, 1 + 2, 1 + 3, 1 + 1, then the map: 1 + 3 and one element, 1 + 1 + 3; and the list: 1 + 3 and two elements.
    expect(itemSize({ pk: 'x', é: 1, n: 1_234, b: true, m: { a: 'abc' }, l: ['a', 12] })).toBe(
      3 + (2 + 2) + (1 + 3) + (1 + 1) + (1 + 3 + 1 + 4) + (1 + 3 + 2 + 1 + 2),
    );
  });
});
