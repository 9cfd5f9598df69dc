import { describe, expect, it } from 'vitest';
import { avatarRecord, type FormerAvatar } from '../../../../shared/metadata/sqlite/steps/former-avatars.ts';

const LAST_KNOWN = '2026-11-01T12:00:00.000Z';
const DUE = '2026-11-01T11:00:00.000Z';
const FIELDS = { entityType: 'users', entityId: 'ada', organizationId: 'acme', generation: 3, chargedBytes: 10 };
const NONE = {
  ...FIELDS,
  latestUploadId: 'three',
  ownerId: 'ada',
  claimedGeneration: 2,
  readyGeneration: 0,
  deletedGeneration: 3,
  image: null,
  purge: null,
  workAt: null,
  expiresAt: '2026-12-06T11:00:00.000Z',
} satisfies FormerAvatar & Record<string, unknown>;

const sizes = { small: { webp: 129, jpg: 229 } };
const image = (extension: string) =>
  JSON.stringify({
    original: {
      key: `avatars/users/ada/original.${extension}`,
      bytes: 100,
      contentType: 'image/jpeg',
      width: 1,
      height: 2,
    },
    sizes,
    thumbHash: 'aGFzaA==',
    readyUploadId: 'two',
    updatedAt: DUE,
  });
const READY = { ...NONE, readyGeneration: 2, deletedGeneration: 0, image: image('jpg'), expiresAt: null };

const retiredOf = (row: FormerAvatar) => avatarRecord(row, LAST_KNOWN).retired;

describe('an avatar of schema 2', () => {
  it('keeps the files of its image where they are, and the sizes that were counted', () => {
    const { latestUploadId } = NONE;
    expect(avatarRecord(READY, LAST_KNOWN)).toEqual({
      ...FIELDS,
      latestUploadId,
      readyGeneration: 2,
      deletedGeneration: 0,
      readyUploadId: 'two',
      image: {
        folder: '',
        original: { contentType: 'image/jpeg', bytes: 100, width: 1, height: 2 },
        sizes,
        thumbHash: 'aGFzaA==',
        updatedAt: DUE,
      },
    });
  });

  it('that was deleted expires when it would have, with nothing to remove after its last purge', () => {
    const { ownerId, claimedGeneration, image: none, purge, workAt, ...kept } = NONE;
    expect(avatarRecord(NONE, LAST_KNOWN)).toEqual(kept);
  });

  it.each(['first', 'second'] as const)('has every file removed whose %s purge was due', (pass) => {
    const row = { ...NONE, purge: pass, workAt: DUE, expiresAt: null };
    const removal = { folder: '', pass, removeAt: DUE };
    expect(avatarRecord(row, LAST_KNOWN)).toMatchObject({ workAt: DUE });
    expect(retiredOf(row)).toEqual([
      { ...removal, original: 'jpg' },
      { ...removal, original: 'png', thumbnails: [] },
      { ...removal, original: 'webp', thumbnails: [] },
      { ...removal, original: 'gif', thumbnails: [] },
      { ...removal, original: 'avif', thumbnails: [] },
    ]);
  });

  it.each(['jpg', 'png', 'webp', 'gif', 'avif'])(
    'keeps thumbnails and original.%s while an image uses them',
    (used) => {
      const others = ['jpg', 'png', 'webp', 'gif', 'avif'].filter((extension) => extension !== used);
      expect(retiredOf({ ...READY, image: image(used), purge: 'first', workAt: DUE })).toEqual(
        others.map((original) => ({ folder: '', pass: 'first', removeAt: DUE, original, thumbnails: [] })),
      );
    },
  );

  it('has files removed that were written for a version that was never published', () => {
    const unfinished = { ...READY, claimedGeneration: 3 };
    expect(retiredOf(unfinished)).toHaveLength(4);
    expect(avatarRecord(unfinished, LAST_KNOWN)).toMatchObject({ workAt: LAST_KNOWN });
    expect(retiredOf({ ...NONE, claimedGeneration: 4, deletedGeneration: 3 })).toHaveLength(5);
  });

  it('of an agent has an organization only', () => {
    expect(avatarRecord({ ...READY, ownerId: null }, LAST_KNOWN)).not.toHaveProperty('ownerId');
  });
});
