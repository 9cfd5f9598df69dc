import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, eventually, HOUR, idOf, MINUTE, SECOND, type World } from './world.ts';

export function describeDueWork(begin: Begin): void {
  it('is an open upload at its time, its clean-up when it has ended, and nothing after that', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const workAt = w.in(65 * MINUTE);
    w.pass(65 * MINUTE - SECOND);
    expect(await w.due()).toEqual([]);
    w.pass(SECOND);
    await expect.poll(() => w.due(), eventually).toEqual([{ kind: 'upload', uploadId, workAt }]);
    w.pass(SECOND);
    await w.abort(uploadId);
    await expect.poll(() => w.due(), eventually).toEqual([{ kind: 'upload', uploadId, workAt: w.in(0) }]);
    await w.finishCleanUp(uploadId, 'first');
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('is an avatar whose deleted files are to be removed, at the time of each pass', async () => {
    const w = begin();
    await finished(w, await w.published());
    await w.delete();
    const removal = { kind: 'avatar', ...w.user };
    await expect.poll(() => w.due(), eventually).toEqual([{ ...removal, workAt: w.in(0) }]);
    await w.removeDue();
    await expect.poll(() => w.due(), eventually).toEqual([]);
    w.pass(15 * MINUTE);
    await expect.poll(() => w.due(), eventually).toEqual([{ ...removal, workAt: w.in(0) }]);
    await w.removeDue();
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('is an avatar a day after an image was replaced', async () => {
    const w = begin();
    for (const job of [await w.published(), await w.published()]) await finished(w, job);
    w.pass(DAY - SECOND);
    expect(await w.due()).toEqual([]);
    w.pass(SECOND);
    await expect.poll(() => w.due(), eventually).toEqual([{ kind: 'avatar', ...w.user, workAt: w.in(0) }]);
    await w.removeDue();
    await expect.poll(() => w.due(), eventually).toEqual([]);
  });

  it('is a draft at its end, and a deleted attachment at once, until it is forgotten', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const [sent, kept] = [await a.published({ draft: true }), await a.published({ draft: true })];
    for (const { fileId: uploadId } of [sent, kept]) await finished(w, { uploadId });
    await a.update(sent.fileId, { draft: false });
    await a.update(kept.fileId, { filename: 'renamed.pdf' });
    w.pass(DAY - SECOND);
    expect(await w.due()).toEqual([]);
    w.pass(SECOND);
    const work = { kind: 'attachment', fileId: kept.fileId, workAt: w.in(0) };
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

  it('comes oldest first in each shard, and page by page without loss or repetition', async () => {
    // Decades ago, so that no other test's work is due yet and the pages stay few.
    const w = begin({
      startedAt: new Date(Date.UTC(1980, 0, 1) + Math.floor(Math.random() * 365 * DAY)),
      files: 40,
      pendingUploads: 40,
    });
    const uploads: UploadRecord[] = [];
    for (let count = 0; count < 30; count += 1) {
      uploads.push(await w.issue({ bytes: 1 }));
      // Several at one time: an order by time alone would lose some of them between two pages.
      if (count % 5 === 0) w.pass(MINUTE);
    }
    await w.started();
    w.pass(2 * HOUR);
    const expected = uploads.map(({ uploadId }) => uploadId);
    for (const limit of [1, 2, 7, 100]) {
      const found = () => w.due(limit).then((due) => due.map(idOf).filter((id) => expected.includes(id)));
      await expect.poll(async () => (await found()).sort(), eventually).toEqual([...expected].sort());
    }
    for (const shard of await w.store.dueShards({ now: w.now() })) {
      const times = (await w.dueInShard(shard, 2)).map(({ workAt }) => workAt);
      expect(times).toEqual([...times].sort());
    }
  });

  it('stays in one shard, which is named while something in it is due', async () => {
    const w = begin({ startedAt: new Date(Date.UTC(1979, 0, 1) + Math.floor(Math.random() * 365 * DAY)) });
    const { uploadId } = await w.issue();
    await w.published();
    await w.published();
    w.pass(2 * DAY);
    const before = await shardsOf(w, [uploadId, w.userId]);
    await w.abort(uploadId);
    await w.delete();
    w.pass(SECOND);
    expect(await shardsOf(w, [uploadId, w.userId])).toEqual(before);
    expect(await w.store.dueShards({ now: new Date(0) })).toEqual([]);
  });

  it('is not returned for a cursor that no page gave', async () => {
    const { store, now } = begin();
    for (const cursor of ['', randomUUID(), 'WORK#1', '2026-11-25T00:00:00.000Z']) {
      await expect(store.dueWork({ shard: 0, now: now(), limit: 1, cursor })).rejects.toBeInstanceOf(RangeError);
    }
  });
}

export function describeRedrives(begin: Begin): void {
  it('are due again 15 minutes later, and one of 50 sweeps sends the message', async () => {
    const w = begin();
    const { uploadId, workAt } = await w.issue();
    w.pass(2 * HOUR);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.redrive(uploadId, workAt)));
    expect(outcomes.filter((outcome) => outcome === 'redriven')).toHaveLength(1);
    expect(await w.redrive(uploadId, workAt)).toBe('stale');
    expect(await w.upload(uploadId)).toMatchObject({ status: 'pending', workAt: w.in(15 * MINUTE) });
  });

  it('come later and later, and give the upload up when it has not ended a day after the first one', async () => {
    const w = begin();
    const { uploadId, workAt: firstLook = '' } = await w.issue({ bytes: 100 });
    await w.markSent(uploadId);
    const pauses: number[] = [];
    let outcome = 'redriven';
    for (let looks = 0; outcome === 'redriven' && looks < 100; looks += 1) {
      const { workAt = firstLook } = (await w.upload(uploadId)) ?? {};
      w.pass(Date.parse(workAt) - w.now().getTime());
      outcome = await w.redrive(uploadId, workAt);
      const next = (await w.upload(uploadId))?.workAt ?? workAt;
      if (outcome === 'redriven') pauses.push((Date.parse(next) - w.now().getTime()) / MINUTE);
    }
    expect(outcome).toBe('rejected');
    expect(pauses.slice(0, 5)).toEqual([15, 15, 30, 60, 60]);
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(24 * 60);
    expect(await w.upload(uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('do not give an upload up that was not looked at for a day', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    await w.markSent(uploadId);
    for (const outcome of ['redriven', 'redriven', 'stale']) {
      const { workAt = '' } = (await w.upload(uploadId)) ?? {};
      w.pass(2 * DAY);
      expect(await w.redrive(uploadId, outcome === 'stale' ? w.in(0) : workAt)).toBe(outcome);
    }
  });

  it('are none once the upload has ended, although its clean-up is due', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    await w.abort(uploadId);
    const ended = await w.upload(uploadId);
    expect(await w.redrive(uploadId, ended?.workAt)).toBe('stale');
    expect(await w.redrive(randomUUID(), w.in(0))).toBe('stale');
    expect(await w.upload(uploadId)).toEqual(ended);
  });
}

/** Nothing of the upload is due any more. */
async function finished(w: World, { uploadId }: { readonly uploadId: string }): Promise<void> {
  expect(await w.finishCleanUp(uploadId, 'first')).toBe('finished');
}

async function shardsOf(w: World, ids: readonly string[]): Promise<(number | undefined)[]> {
  const shardById = new Map<string, number>();
  const find = async () => {
    for (const shard of await w.store.dueShards({ now: w.now() })) {
      for (const work of await w.dueInShard(shard, 100)) shardById.set(idOf(work), shard);
    }
    return ids.every((id) => shardById.has(id));
  };
  await expect.poll(find, eventually).toBe(true);
  return ids.map((id) => shardById.get(id));
}
