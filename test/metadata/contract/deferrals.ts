import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, DAY, HOUR, MINUTE, SECOND } from './world.ts';

/** What a worker does when a dependency fails. */
export function describeDeferrals(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };

  it('releases the lease, does not count the attempt and is due again when the worker says', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(SECOND);
    expect(await w.defer(job, { retryIn: 7 * MINUTE })).toBe('deferred');
    const deferred = await w.upload(job.uploadId);
    expect(deferred).toMatchObject({
      status: 'processing',
      attempts: 0,
      leases: 1,
      failingSince: w.in(0),
      workAt: w.in(7 * MINUTE),
    });
    expect(deferred).not.toHaveProperty('leaseId');
    expect(deferred).not.toHaveProperty('leaseUntil');
    expect(await w.begin(job)).toMatchObject({ outcome: 'begun', upload: { attempts: 1, leases: 2 } });
  });

  it('without a lease keeps one that lapsed: its worker may still write, so the clean-up has a second pass', async () => {
    const w = begin();
    const { uploadId, leaseId } = await w.started();
    w.pass(HOUR);
    expect(await w.defer({ uploadId })).toBe('deferred');
    expect(await w.upload(uploadId)).toMatchObject({ leaseId, attempts: 1, failingSince: w.in(0) });
    await w.abort(uploadId);
    expect(await w.finishCleanUp(uploadId, 'first')).toBe('second_due');
  });

  it('happens once, also when its worker repeats it 50 times at once', async () => {
    const w = begin();
    const lapsed = await w.started({ bytes: 100 });
    w.pass(HOUR);
    const job = await w.start(lapsed);
    expect(await w.upload(job.uploadId)).toMatchObject({ attempts: 2 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.defer(job)));
    expect(outcomes.filter((outcome) => outcome === 'deferred')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_held')).toHaveLength(49);
    expect(await w.upload(job.uploadId)).toMatchObject({ status: 'processing', attempts: 1, leases: 2 });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('keeps the time of the first failure', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.defer(await w.start(upload));
    const failingSince = w.in(0);
    w.pass(HOUR);
    await w.defer(await w.start(upload));
    w.pass(HOUR);
    await w.defer(upload);
    expect(await w.upload(upload.uploadId)).toMatchObject({ failingSince, attempts: 0, leases: 2 });
  });

  it('gives up once the upload has been failing for long enough, not before', async () => {
    const w = begin();
    const upload = await w.issue({ bytes: 100 });
    await w.defer(await w.start(upload));
    w.pass(DAY - SECOND);
    const last = await w.start(upload);
    expect(await w.defer(last)).toBe('deferred');
    w.pass(SECOND);
    const job = await w.start(upload);
    expect(await w.defer(job)).toBe('rejected');
    const rejected = await w.upload(upload.uploadId);
    const finished = { finishedAt: w.in(0), expiresAt: w.in(35 * DAY), cleanUp: 'first' };
    expect(rejected).toMatchObject({ status: 'rejected', code: 'processing_failed', ...finished });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
    expect(await w.defer(job)).toBe('not_held');
  });

  it('gives up once when 50 workers without a lease say so at once', async () => {
    const w = begin();
    const { uploadId } = await w.issue({ bytes: 100 });
    await w.issue({ bytes: 30 });
    expect(await w.defer({ uploadId })).toBe('deferred');
    w.pass(DAY);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.defer({ uploadId })));
    expect(outcomes.filter((outcome) => outcome === 'rejected')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_held')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 0 });
  });

  it('needs no lease: a pending upload stays pending, and counts neither an attempt nor as sent', async () => {
    const w = begin();
    const upload = await w.issue();
    w.pass(SECOND);
    expect(await w.defer(upload, { retryIn: 3 * MINUTE })).toBe('deferred');
    expect(await w.upload(upload.uploadId)).toEqual({ ...upload, failingSince: w.in(0), workAt: w.in(3 * MINUTE) });
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 0 });
  });

  it('without a lease is refused while another worker may be at work, and not once that lease has lapsed', async () => {
    const w = begin();
    const { uploadId } = await w.started();
    w.pass(2 * MINUTE);
    const before = await w.upload(uploadId);
    expect(await w.defer({ uploadId })).toBe('not_held');
    expect(await w.upload(uploadId)).toEqual(before);
    w.pass(1);
    expect(await w.defer({ uploadId })).toBe('deferred');
    // The worker of that lease may have died over the file.
    expect(await w.upload(uploadId)).toMatchObject({ attempts: 1, leases: 1 });
  });

  it('changes nothing of an upload that has ended, or is unknown', async () => {
    const w = begin();
    const ready = await w.published();
    const aborted = await w.issue();
    await w.abort(aborted.uploadId);
    for (const { uploadId } of [ready, aborted, { uploadId: randomUUID() }]) {
      const before = await w.upload(uploadId);
      expect(await w.defer({ uploadId })).toBe('not_held');
      expect(await w.defer({ uploadId, leaseId: ready.leaseId })).toBe('not_held');
      expect(await w.upload(uploadId)).toEqual(before);
    }
  });
}
