import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { DAY, HOUR, MINUTE, SECOND, type World, world } from '../contract/world.ts';

let records: SqliteRecordStore;
let w: World;
beforeEach(() => {
  records = new SqliteRecordStore({ path: ':memory:' });
  w = world(createMetadataStore(records));
});
afterEach(() => records.close());

describe('the removal of expired records', () => {
  const removeAt = (milliseconds: number) => {
    w.pass(milliseconds);
    return records.removeExpired({ now: w.now() });
  };

  it('removes finished uploads after 35 days, and no open ones', async () => {
    const finished = await w.ended((job) => w.supersede(job));
    const open = await w.issue();
    expect(removeAt(35 * DAY - SECOND)).toBe(0);
    expect(removeAt(SECOND)).toBe(1);
    expect(await w.upload(finished.uploadId)).toBeUndefined();
    expect(await w.upload(open.uploadId)).toBeDefined();
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it('removes the keys of requests once they have expired, and a replay of a removed upload says so', async () => {
    const request = w.request({ expiresAt: w.in(40 * DAY) });
    const { uploadId } = await w.issue({ request });
    await w.abort(uploadId);
    expect(removeAt(36 * DAY)).toBe(1);
    expect(await w.ask({ request })).toEqual({ outcome: 'replayed', uploadId, upload: undefined });
    expect(removeAt(4 * DAY)).toBe(1);
    expect(await w.ask({ request })).toMatchObject({ outcome: 'issued' });
  });

  it('removes the avatar of a user 35 days after the second removal of its files', async () => {
    await w.published();
    await deleteAndRemove();
    expect(removeAt(35 * DAY - HOUR)).toBe(0);
    removeAt(HOUR);
    expect(await w.avatar()).toBeUndefined();
  });

  it('keeps the avatar of an agent, which is its binding', async () => {
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    await removeTwice(w.agent);
    removeAt(100 * DAY);
    expect(await w.avatar(w.agent)).toMatchObject({ deletedGeneration: 2, organizationId: w.organizationId });
  });

  it('keeps an avatar with a newer image, published before the second removal or after it', async () => {
    await w.published();
    await w.delete();
    await w.published();
    await removeTwice();
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 3 });

    await deleteAndRemove();
    await w.published();
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 5 });
  });

  it('keeps an avatar with a newer ticket, and one whose second delete is not finished', async () => {
    await w.published();
    await deleteAndRemove();
    await w.issue();
    removeAt(36 * DAY);
    expect(await w.avatar()).toMatchObject({ generation: 3 });

    await w.published();
    await w.delete();
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ deletedGeneration: 5, retired: [{ pass: 'first' }] });
  });

  it('removes nothing twice', async () => {
    await w.ended((job) => w.reject(job));
    removeAt(36 * DAY);
    expect(removeAt(0)).toBe(0);
  });

  async function deleteAndRemove(): Promise<void> {
    await w.delete();
    await removeTwice();
  }

  async function removeTwice(avatar = w.user): Promise<void> {
    await w.removeDue(avatar);
    w.pass(15 * MINUTE);
    await w.removeDue(avatar);
  }
});
