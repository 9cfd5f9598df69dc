import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteMetadataStore } from '../../../shared/metadata/sqlite/sqlite-metadata-store.ts';
import { DAY, HOUR, SECOND, type World, world } from '../contract/world.ts';

let store: SqliteMetadataStore;
let w: World;
beforeEach(() => {
  store = new SqliteMetadataStore({ path: ':memory:' });
  w = world(store);
});
afterEach(() => store.close());

describe('the start of the process that owns the database', () => {
  it('takes every lease as lapsed and due now, and keeps the attempt counted', async () => {
    const interrupted = await w.started();
    const pending = await w.issue();
    const finished = await w.published();
    const untouched = [await store.getUpload(pending), await store.getUpload(finished)];
    w.pass(SECOND);

    expect(store.lapseLeases({ now: w.now() })).toBe(1);
    expect(await store.getUpload(interrupted)).toMatchObject({ status: 'processing', attempts: 1, workAt: w.in(0) });
    expect([await store.getUpload(pending), await store.getUpload(finished)]).toEqual(untouched);
    expect(await w.claim(interrupted)).toBe('lost_lease');
    expect(await w.begin(interrupted)).toMatchObject({ outcome: 'begun', upload: { attempts: 2 } });
  });
});

describe('the removal of what has expired', () => {
  const removeAt = (milliseconds: number) => {
    w.pass(milliseconds);
    return store.removeExpired({ now: w.now() });
  };

  it('takes finished uploads after 35 days, and no open ones', async () => {
    const finished = await w.ended((job) => w.supersede(job));
    const open = await w.issue();
    expect(removeAt(35 * DAY - SECOND)).toBe(0);
    expect(removeAt(SECOND)).toBe(1);
    expect(await store.getUpload(finished)).toBeUndefined();
    expect(await store.getUpload(open)).toBeDefined();
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it('takes the keys of requests once they have expired, and a replay of a removed upload says so', async () => {
    const request = w.request({ expiresAt: w.in(40 * DAY) });
    const { uploadId } = await w.issue({ request });
    await w.abort(uploadId);
    expect(removeAt(36 * DAY)).toBe(1);
    expect(await w.ask({ request })).toEqual({ outcome: 'replayed', uploadId, upload: undefined });
    expect(removeAt(4 * DAY)).toBe(1);
    expect(await w.ask({ request })).toMatchObject({ outcome: 'issued' });
  });

  it('takes the avatar of a user 35 days after its second purge', async () => {
    await w.published();
    await deleteAndPurge();
    expect(removeAt(35 * DAY - HOUR)).toBe(0);
    removeAt(HOUR);
    expect(await w.avatar()).toBeUndefined();
  });

  it('leaves the avatar of an agent, which is its binding', async () => {
    await w.published({ avatar: w.agent });
    await w.delete(w.agent, w.asMember);
    await w.purge('first', 2, w.agent);
    await w.purge('second', 2, w.agent);
    removeAt(100 * DAY);
    expect(await w.avatar(w.agent)).toMatchObject({ deletedGeneration: 2, organizationId: w.organizationId });
  });

  it('leaves an avatar that has a newer picture, whether it came before or after the purge', async () => {
    await w.published();
    await w.delete();
    await w.published();
    await w.purge('first', 2);
    await w.purge('second', 2);
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 3 });

    await deleteAndPurge();
    await w.published();
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 5 });
  });

  it('leaves an avatar whose newer ticket was open during the purge and is published after it', async () => {
    await w.published();
    await w.delete();
    const job = await w.started();
    await w.purge('first', 2);
    await w.purge('second', 2);
    await w.claim(job);
    await w.publish(job);
    removeAt(100 * DAY);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 3 });
  });

  it('leaves an avatar that was asked for again, and one whose second delete is not purged yet', async () => {
    await w.published();
    await deleteAndPurge();
    await w.issue();
    removeAt(36 * DAY);
    expect(await w.avatar()).toMatchObject({ generation: 3 });

    const late = world(store);
    await late.published();
    await late.delete();
    const job = await late.started();
    await late.purge('first', 2);
    await late.purge('second', 2);
    await late.supersede(job);
    await late.delete();
    store.removeExpired({ now: new Date(late.in(100 * DAY)) });
    expect(await late.avatar()).toMatchObject({ deletedGeneration: 4, purge: 'first' });
  });

  it('takes nothing twice', async () => {
    await w.ended((job) => w.reject(job));
    removeAt(36 * DAY);
    expect(removeAt(0)).toBe(0);
  });

  async function deleteAndPurge(): Promise<void> {
    const deleted = await w.delete();
    const deletedGeneration = deleted.outcome === 'deleted' ? deleted.deletedGeneration : 0;
    await w.purge('first', deletedGeneration);
    await w.purge('second', deletedGeneration);
  }
});
