import { expect, it } from 'vitest';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, type Job, MINUTE, SECOND, type World } from './world.ts';

export function describeAttachmentEnds(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };
  const multipart = { multipartId: 'storage-name', partSize: 50, partCount: 2 };

  it('has the lease of one worker at a time, with the version of the bytes that was seen first', async () => {
    const w = begin();
    const upload = await attachmentsOf(w).issue();
    const begun = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    expect(begun).toMatchObject({
      outcome: 'begun',
      upload: { ...upload, status: 'processing', attempts: 1, workAt: w.in(2 * MINUTE) },
    });
    expect(await w.begin(upload, { eTag: 'e2' })).toEqual({ outcome: 'busy' });
    expect(await w.release({ ...upload, leaseId: 'mine' })).toBe('released');
    expect(await w.begin(upload, { eTag: 'e2' })).toMatchObject({ upload: { attempts: 1, eTag: 'e1' } });
  });

  it.each<[string, (w: World, job: Job) => Promise<string>]>([
    ['rejected', (w, job) => w.reject(job)],
    ['superseded', (w, job) => w.supersede(job)],
  ])('ends as %s and gives everything back once, also when its worker says so 50 times at once', async (end, act) => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => act(w, job)));
    expect(new Set(outcomes)).toEqual(new Set([end]));
    expect(await w.store.getUpload(job)).toMatchObject({ status: end, finishedAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
    expect(await a.find(job.uploadId)).toBeUndefined();
  });

  it('is rejected without a look at what was written: nothing of it was ever shown', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    expect(await w.reject(job, { nothingWritten: false })).toBe('rejected');
  });

  it('expires when the time for its bytes is over, not before, and once', async () => {
    const w = begin();
    const { uploadId } = await attachmentsOf(w).issue({ method: 'multipart', multipart, acceptUntil: w.in(25 * HOUR) });
    w.pass(25 * HOUR);
    expect(await w.expire(uploadId)).toBe('not_due');
    w.pass(SECOND);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.expire(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'expired')).toHaveLength(1);
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.store.getUpload({ uploadId })).toMatchObject({ status: 'expired', multipart });
  });

  it('is aborted once, and who aborts it learns what the storage calls its parts', async () => {
    const w = begin();
    const { uploadId } = await attachmentsOf(w).issue({ method: 'multipart', multipart });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.abort(uploadId)));
    const aborted = outcomes.filter(({ outcome }) => outcome === 'aborted');
    expect(aborted).toEqual([{ outcome: 'aborted', upload: await w.store.getUpload({ uploadId }) }]);
    expect(aborted).toMatchObject([{ upload: { status: 'aborted', multipart } }]);
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('is not aborted while it is processed', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    expect(await w.abort(job.uploadId)).toEqual({ outcome: 'finished', status: 'processing' });
  });

  it('is driven again by one of 50 sweeps', async () => {
    const w = begin();
    const { uploadId, workAt = '' } = await attachmentsOf(w).issue();
    w.pass(DAY);
    const redrive = () => w.store.redriveUpload({ uploadId, seenWorkAt: workAt, now: w.now() });
    const outcomes = await Promise.all(Array.from({ length: 50 }, redrive));
    expect(outcomes.filter((outcome) => outcome === 'redriven')).toHaveLength(1);
  });

  it('is no avatar: its lease neither claims nor publishes one', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    expect([await w.claim(job), await w.publish(job)]).toEqual(['lost_lease', 'lost_lease']);
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'processing' });
  });
}
