import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { DueWork } from '../../../shared/metadata/record-store.ts';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, eventually, HOUR, MINUTE, type World } from './world.ts';

export function describePostponement(begin: Begin): void {
  it.each<[string, (w: World) => Promise<DueWork>, (w: World) => Promise<unknown>]>([
    ['an open upload', openUpload, (w) => w.upload([...w.ids].at(-1) ?? '')],
    ['a clean-up', endedUpload, (w) => w.upload([...w.ids].at(-1) ?? '')],
    ['a removal', deletedAvatar, (w) => w.avatar()],
    ['a draft', draft, (w) => attachmentsOf(w).find([...w.ids].at(-1) ?? '')],
  ])(
    'of %s is for a minute at first, then for as long as it has been failing, at most an hour',
    async (_what, prepare, find) => {
      const w = begin();
      let work = await prepare(w);
      const failingSince = w.in(0);
      for (const minutes of [1, 1, 2, 4, 8, 16, 32, 60, 60]) {
        const outcomes = await Promise.all(Array.from({ length: 10 }, () => w.postpone(work)));
        expect(outcomes.filter((outcome) => outcome === 'postponed')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(9);
        work = { ...work, workAt: w.in(minutes * MINUTE) };
        expect(await find(w)).toMatchObject({ failingSince, workAt: work.workAt });
        w.pass(minutes * MINUTE);
      }
    },
  );

  it('changes nothing but the two times', async () => {
    const w = begin();
    const work = await deletedAvatar(w);
    const before = await w.everything();
    await w.postpone(work);
    const { failingSince, workAt, ...avatar } = (await w.avatar()) ?? {};
    expect([await w.organization(), await w.owner(), { ...avatar, workAt: work.workAt }]).toEqual(before);
  });

  it('is stale for work that was moved, is done or never was', async () => {
    const w = begin();
    const upload = await openUpload(w);
    if (upload.kind === 'upload') await w.redrive(upload.uploadId, upload.workAt);
    const removal = await deletedAvatar(w);
    await w.removeDue();
    const before = await w.everything();
    const { workAt } = removal;
    const never: DueWork[] = [
      { kind: 'upload', uploadId: randomUUID(), workAt },
      { kind: 'avatar', ...w.agent, workAt },
      { kind: 'attachment', fileId: randomUUID(), workAt },
    ];
    for (const work of [upload, removal, ...never]) expect(await w.postpone(work)).toBe('stale');
    expect(await w.everything()).toEqual(before);
  });

  it('ends with the work: the next one starts with a minute again', async () => {
    const w = begin();
    const removal = await deletedAvatar(w);
    await w.postpone(removal);
    w.pass(HOUR);
    await w.removeDue();
    const avatar = await w.avatar();
    expect(avatar).not.toHaveProperty('failingSince');
    w.pass(HOUR);
    await w.postpone({ ...removal, workAt: avatar?.workAt ?? '' });
    expect(await w.avatar()).toMatchObject({ failingSince: w.in(0), workAt: w.in(MINUTE) });
  });

  it('of a draft ends with the draft: its removal starts with a minute again', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const work = await draft(w);
    if (work.kind !== 'attachment') throw new Error('expected a draft');
    await w.postpone(work);
    w.pass(2 * HOUR);
    await a.delete(work.fileId);
    const file = await a.find(work.fileId);
    expect(file).toMatchObject({ status: 'deleting', workAt: w.in(0) });
    expect(file).not.toHaveProperty('failingSince');
  });

  it('moves the work to its new time for the sweep', async () => {
    const w = begin();
    const { uploadId } = await w.published();
    await w.finishCleanUp(uploadId, 'first');
    await w.delete();
    await expect.poll(() => w.due(), eventually).toHaveLength(1);
    const [work] = await w.due();
    expect(work && (await w.postpone(work))).toBe('postponed');
    await expect.poll(() => w.due(), eventually).toEqual([]);
    w.pass(MINUTE);
    await expect.poll(() => w.due(), eventually).toEqual([{ ...work, workAt: w.in(0) }]);
  });
}

async function openUpload(w: World): Promise<DueWork> {
  const { uploadId, workAt = '' } = await w.issue();
  return { kind: 'upload', uploadId, workAt };
}

async function endedUpload(w: World): Promise<DueWork> {
  const { uploadId } = await w.ended((job) => w.reject(job));
  return { kind: 'upload', uploadId, workAt: (await w.upload(uploadId))?.workAt ?? '' };
}

async function deletedAvatar(w: World): Promise<DueWork> {
  await w.published();
  await w.delete();
  return { kind: 'avatar', ...w.user, workAt: w.in(0) };
}

async function draft(w: World): Promise<DueWork> {
  const { fileId, workAt = '' } = await attachmentsOf(w).published({ draft: true });
  return { kind: 'attachment', fileId, workAt };
}
