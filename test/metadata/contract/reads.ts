import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, idOf, MINUTE, SECOND } from './world.ts';

export function describeDueWork(begin: Begin): void {
  /** Indexes may lag, so what is expected is waited for. */
  const eventually = { timeout: 10_000, interval: 50 };

  it('is an open upload at its time, and none once it ended', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const workAt = w.in(65 * MINUTE);
    w.pass(65 * MINUTE - SECOND);
    expect(await w.due()).toEqual([]);
    w.pass(SECOND);
    await expect.poll(() => w.due(), eventually).toEqual([{ type: 'upload', uploadId, workAt }]);
    await w.abort(uploadId);
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('is a purge at its time', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    const purge = { type: 'purge', avatar: w.user };
    await expect.poll(() => w.due(), eventually).toEqual([{ ...purge, workAt: w.in(0) }]);
    await w.purge('first', 2);
    await expect.poll(() => w.due(), eventually).toEqual([]);
    w.pass(15 * MINUTE);
    await expect.poll(() => w.due(), eventually).toEqual([{ ...purge, workAt: w.in(0) }]);
    await w.purge('second', 2);
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('is a draft at its end, and a deleted attachment at once, until it is forgotten', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const [sent, kept] = [await a.published({ draft: true }), await a.published({ draft: true })];
    await a.update(sent.fileId, { draft: false });
    await a.update(kept.fileId, { filename: 'renamed.pdf' });
    w.pass(DAY - SECOND);
    expect(await w.due()).toEqual([]);
    w.pass(SECOND);
    const work = { type: 'attachment', fileId: kept.fileId, workAt: w.in(0) };
    await expect.poll(() => w.due(), eventually).toEqual([work]);
    await a.forget(kept.fileId);
    w.pass(SECOND);
    await a.expireDraft(kept.fileId);
    await a.delete(sent.fileId);
    const deleted = [kept.fileId, sent.fileId].sort();
    await expect.poll(async () => (await w.due()).map(idOf).sort(), eventually).toEqual(deleted);
    expect((await w.due()).map(({ workAt }) => workAt)).toEqual([w.in(0), w.in(0)]);
    for (const fileId of deleted) await a.forget(fileId);
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('comes oldest first, and page by page without loss or repetition', async () => {
    // Decades ago, so that no other test's work is due yet and the pages stay few.
    const w = begin({ startedAt: new Date(Date.UTC(1980, 0, 1) + Math.floor(Math.random() * 365 * DAY)) });
    const uploads: UploadRecord[] = [];
    for (let count = 0; count < 5; count += 1) {
      uploads.push(await w.issue());
      w.pass(MINUTE);
    }
    const last = await w.started();
    await w.delete();
    w.pass(2 * HOUR);
    const expected = [w.userId, last.uploadId, ...uploads.map(({ uploadId }) => uploadId)];
    await expect.poll(async () => (await w.due(2)).map(idOf), eventually).toEqual(expected);
  });

  it('is seen again 15 minutes after it was driven again, by one of 50 sweeps', async () => {
    const w = begin();
    const { uploadId, workAt } = await w.issue();
    w.pass(2 * HOUR);
    const redrive = () => w.store.redriveUpload({ uploadId, seenWorkAt: workAt ?? '', now: w.now() });
    const outcomes = await Promise.all(Array.from({ length: 50 }, redrive));
    expect(outcomes.filter((outcome) => outcome === 'redriven')).toHaveLength(1);
    expect(await redrive()).toBe('stale');
    expect(await w.store.getUpload({ uploadId })).toMatchObject({ status: 'pending', workAt: w.in(15 * MINUTE) });
  });

  it('is not driven again once it ended', async () => {
    const w = begin();
    const { uploadId, workAt = '' } = await w.issue();
    await w.abort(uploadId);
    expect(await w.store.redriveUpload({ uploadId, seenWorkAt: workAt, now: w.now() })).toBe('stale');
    expect(await w.store.getUpload({ uploadId })).not.toHaveProperty('workAt');
  });
}

export function describeReads(begin: Begin): void {
  it('answer undefined for what is not there', async () => {
    const w = begin();
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
    expect(await w.store.getUpload({ uploadId: randomUUID() })).toBeUndefined();
  });

  it('give up to 100 avatars in the order asked', async () => {
    const w = begin({ files: 100, openUploads: 100 });
    const agents = Array.from({ length: 100 }, () => w.anotherAgent());
    const bound = agents.filter((_, index) => index % 3 === 0);
    await Promise.all(bound.map((avatar) => w.issue({ avatar, bytes: 1 })));
    const found = await w.store.getAvatars(agents);
    expect(found.map((avatar) => avatar?.entityId)).toEqual(
      agents.map(({ entityId }, index) => (index % 3 === 0 ? entityId : undefined)),
    );
    expect(await w.store.getAvatars([])).toEqual([]);
  });

  it('tell users from agents of the same name', async () => {
    const w = begin();
    await w.issue();
    const namesake = { entityType: 'agents', entityId: w.userId } as const;
    expect(await w.store.getAvatars([namesake, w.user])).toMatchObject([undefined, { entityType: 'users' }]);
  });

  it('give the switches as they were set last', async () => {
    const { store } = begin();
    await store.setSwitches({ uploadsPaused: true, reason: 'storage is being moved' });
    expect(await store.getSwitches()).toEqual({ uploadsPaused: true, reason: 'storage is being moved' });
    await store.setSwitches({ uploadsPaused: false });
    expect(await store.getSwitches()).toEqual({ uploadsPaused: false });
  });

  it('report a store that answers as ready', async () => {
    await expect(begin().store.checkReady()).resolves.toBeUndefined();
  });
}
