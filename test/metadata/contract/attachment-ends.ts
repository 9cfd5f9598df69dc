import { expect, it } from 'vitest';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, type Job, MINUTE, type World } from './world.ts';

export function describeAttachmentEnds(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };
  const nobodyHolds = { pendingUploads: 0, sentUploads: 0 };
  const multipart = { multipartId: 'storage-name', partSize: 50, partCount: 2 };

  it('has one worker at a time, and keeps the version of the bytes that was seen first', async () => {
    const w = begin();
    const upload = await attachmentsOf(w).issue();
    const leaseUntil = w.in(2 * MINUTE);
    const begun = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    expect(begun).toMatchObject({
      outcome: 'begun',
      upload: { ...upload, status: 'processing', attempts: 1, leases: 1, workAt: leaseUntil },
    });
    expect(await w.begin(upload, { eTag: 'e2' })).toEqual({ outcome: 'busy', leaseUntil });
    expect(await w.defer({ uploadId: upload.uploadId, leaseId: 'mine' })).toBe('deferred');
    expect(await w.begin(upload, { eTag: 'e2' })).toMatchObject({ upload: { attempts: 1, leases: 2, eTag: 'e1' } });
  });

  it.each<[string, (w: World, job: Job) => Promise<string>]>([
    ['rejected', (w, job) => w.reject(job)],
    ['superseded', (w, job) => w.supersede(job)],
  ])('ends as %s and releases everything once, also when its worker repeats it 50 times', async (end, act) => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => act(w, job)));
    expect(new Set(outcomes)).toEqual(new Set([end]));
    expect(await w.upload(job.uploadId)).toMatchObject({ status: end, finishedAt: w.in(0), cleanUp: 'first' });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject(nobodyHolds);
    expect(await a.find(job.uploadId)).toBeUndefined();
  });

  it('expires when the time for its bytes is over, not before, and once', async () => {
    const w = begin();
    const { uploadId } = await attachmentsOf(w).issue({ method: 'multipart', multipart, acceptUntil: w.in(25 * HOUR) });
    w.pass(25 * HOUR);
    expect(await w.expire(uploadId)).toBe('not_due');
    w.pass(1);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.expire(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'expired')).toHaveLength(1);
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.upload(uploadId)).toMatchObject({ status: 'expired', multipart });
  });

  it('is aborted once, and the outcome names what the storage calls its parts', async () => {
    const w = begin();
    const { uploadId } = await attachmentsOf(w).issue({ method: 'multipart', multipart });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.abort(uploadId)));
    const aborted = outcomes.filter(({ outcome }) => outcome === 'aborted');
    expect(aborted).toEqual([{ outcome: 'aborted', upload: await w.upload(uploadId) }]);
    expect(aborted).toMatchObject([{ upload: { status: 'aborted', multipart } }]);
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('is aborted between two attempts, but not while it is processed', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    const { uploadId } = job;
    expect(await w.abort(uploadId)).toEqual({ outcome: 'finished', upload: await w.upload(uploadId) });
    await w.defer(job);
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'aborted', upload: { status: 'aborted' } });
    expect(await w.owner()).toMatchObject(nobodyHolds);
  });

  it('gives up when it has been failing for too long, and releases everything', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const upload = await a.issue({ bytes: 100 });
    await w.defer(await w.start(upload));
    w.pass(DAY);
    expect(await w.defer(await w.start(upload))).toBe('rejected');
    expect(await w.upload(upload.uploadId)).toMatchObject({ status: 'rejected', code: 'processing_failed' });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await a.find(upload.uploadId)).toBeUndefined();
  });

  it('has its message sent again by one of 50 sweeps', async () => {
    const w = begin();
    const { uploadId, workAt } = await attachmentsOf(w).issue();
    w.pass(DAY);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.redrive(uploadId, workAt)));
    expect(outcomes.filter((outcome) => outcome === 'redriven')).toHaveLength(1);
  });

  it('publishes no avatar', async () => {
    const w = begin();
    const job = await attachmentsOf(w).started();
    expect(await w.publish(job)).toBe('lost_lease');
    expect(await w.upload(job.uploadId)).toMatchObject({ status: 'processing' });
  });
}
