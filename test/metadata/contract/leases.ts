import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, HOUR, type Job, MINUTE, SECOND, type World } from './world.ts';

export function describeLeases(begin: Begin): void {
  it('counts an attempt and a lease, marks the bytes as seen and is due when it lapses', async () => {
    const w = begin();
    const upload = await w.issue();
    w.pass(SECOND);
    const leaseUntil = w.in(2 * MINUTE);
    const begun = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    const expected = {
      ...upload,
      status: 'processing',
      attempts: 1,
      leases: 1,
      leaseId: 'mine',
      leaseUntil,
      eTag: 'e1',
      sentAt: w.in(0),
      workAt: leaseUntil,
    };
    expect(begun).toEqual({ outcome: 'begun', upload: expected });
    expect(await w.upload(upload.uploadId)).toEqual(expected);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('keeps the time at which the bytes were seen first, and counts them as sent once', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.markSent(upload.uploadId);
    const sentAt = w.in(0);
    w.pass(SECOND);
    expect(await w.begin(upload)).toMatchObject({ upload: { sentAt } });
    w.pass(HOUR);
    expect(await w.begin(upload)).toMatchObject({ upload: { sentAt, leases: 2 } });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('is the same lease when its holder takes it again', async () => {
    const w = begin();
    const upload = await w.issue();
    const first = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    w.pass(SECOND);
    expect(await w.begin(upload, { leaseId: 'mine', eTag: 'e2' })).toEqual(first);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('is refused to others until it has lapsed, and the first ETag stays', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.begin(upload, { leaseId: 'first', eTag: 'e1' });
    const leaseUntil = w.in(2 * MINUTE);
    w.pass(2 * MINUTE);
    expect(await w.begin(upload, { leaseId: 'second', eTag: 'e2' })).toEqual({ outcome: 'busy', leaseUntil });
    w.pass(1);
    expect(await w.begin(upload, { leaseId: 'second', eTag: 'e2' })).toMatchObject({
      outcome: 'begun',
      upload: { attempts: 2, leases: 2, leaseId: 'second', eTag: 'e1' },
    });
  });

  it('records the ETag that is seen first, even if that is at a later attempt', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.begin(upload);
    w.pass(HOUR);
    expect(await w.begin(upload, { eTag: 'e2' })).toMatchObject({ upload: { eTag: 'e2' } });
  });

  it('is taken by exactly one of 50', async () => {
    const w = begin();
    const upload = await w.issue();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.begin(upload)));
    expect(outcomes.filter(({ outcome }) => outcome === 'begun')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'busy')).toHaveLength(49);
    expect(await w.upload(upload.uploadId)).toMatchObject({ attempts: 1, leases: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('is taken by one of 50 that have all seen the upload before', async () => {
    const w = begin();
    const seen = await w.issue();
    const { uploadId } = seen;
    const take = (_: unknown, index: number) =>
      w.store.beginUpload({ uploadId, leaseId: `${index}`, leaseUntil: w.in(MINUTE), seen, now: w.now() });
    const outcomes = await Promise.all(Array.from({ length: 50 }, take));
    expect(outcomes.filter(({ outcome }) => outcome === 'begun')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'busy')).toHaveLength(49);
  });

  it('exists neither for an unknown upload nor for a finished one', async () => {
    const w = begin();
    expect(await w.begin({ uploadId: randomUUID() })).toEqual({ outcome: 'unknown' });
    const job = await w.published();
    const upload = await w.upload(job.uploadId);
    expect(await w.begin(job)).toEqual({ outcome: 'finished', upload });
    expect(await w.begin(job, { leaseId: job.leaseId })).toEqual({ outcome: 'finished', upload });
  });

  it('allows its holder to act after it has lapsed, until another worker takes over', async () => {
    const w = begin();
    const job = await w.started();
    const other = await w.started();
    w.pass(HOUR);
    expect(await w.publish(other)).toBe('published');
    await w.start(job);
    expect(await w.publish(job)).toBe('lost_lease');
  });

  it.each<[string, (w: World, job: Job) => Promise<string>, string]>([
    ['defer', (w, job) => w.defer(job), 'not_held'],
    ['publish', (w, job) => w.publish(job), 'lost_lease'],
    ['reject', (w, job) => w.reject(job), 'lost_lease'],
    ['supersede', (w, job) => w.supersede(job), 'lost_lease'],
  ])('that was lost allows no %s, and nothing changes', async (_transition, attempt, outcome) => {
    const w = begin();
    const lost = await w.started();
    w.pass(HOUR);
    await w.start(lost);
    const before = [await w.upload(lost.uploadId), await w.everything()];
    expect(await attempt(w, lost)).toBe(outcome);
    expect(await attempt(w, { ...lost, uploadId: randomUUID() })).toBe(outcome);
    expect([await w.upload(lost.uploadId), await w.everything()]).toEqual(before);
  });

  it('is never held on a pending upload', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const job = { uploadId, leaseId: 'guessed' };
    expect([await w.publish(job), await w.reject(job), await w.supersede(job), await w.defer(job)]).toEqual([
      ...Array(3).fill('lost_lease'),
      'not_held',
    ]);
    expect(await w.upload(uploadId)).toMatchObject({ status: 'pending' });
  });

  it('of a dead worker is ended early: the upload is due at once, and the attempt stays counted', async () => {
    const w = begin();
    const { uploadId, leaseId } = await w.started();
    w.pass(SECOND);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.lapse(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'lapsed')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'unchanged')).toHaveLength(49);
    const lapsed = await w.upload(uploadId);
    expect(lapsed).toMatchObject({ status: 'processing', attempts: 1, leases: 1, workAt: w.in(0) });
    expect(lapsed).not.toHaveProperty('leaseId');
    expect(lapsed).not.toHaveProperty('leaseUntil');
    expect(await w.publish({ uploadId, leaseId })).toBe('lost_lease');
    expect(await w.begin({ uploadId })).toMatchObject({ outcome: 'begun', upload: { attempts: 2, leases: 2 } });
  });

  it('is not ended early where none is live', async () => {
    const w = begin();
    const pending = await w.issue();
    const lapsed = await w.started();
    w.pass(2 * MINUTE + 1);
    const ready = await w.published();
    for (const uploadId of [pending.uploadId, lapsed.uploadId, ready.uploadId, randomUUID()]) {
      const before = await w.upload(uploadId);
      expect(await w.lapse(uploadId)).toBe('unchanged');
      expect(await w.upload(uploadId)).toEqual(before);
    }
  });
}
