import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, HOUR, type Job, MINUTE, SECOND, type World } from './world.ts';

export function describeLeases(begin: Begin): void {
  it('counts an attempt and is due when it lapses', async () => {
    const w = begin();
    const upload = await w.issue();
    const leaseUntil = w.in(2 * MINUTE);
    const begun = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    const expected = {
      ...upload,
      status: 'processing',
      attempts: 1,
      leaseId: 'mine',
      leaseUntil,
      eTag: 'e1',
      workAt: leaseUntil,
    };
    expect(begun).toEqual({ outcome: 'begun', upload: expected });
    expect(await w.store.getUpload(upload)).toEqual(expected);
  });

  it('begins again for its holder without a further attempt', async () => {
    const w = begin();
    const upload = await w.issue();
    const first = await w.begin(upload, { leaseId: 'mine', eTag: 'e1' });
    expect(await w.begin(upload, { leaseId: 'mine', eTag: 'e2' })).toEqual(first);
  });

  it('keeps others out while it lives, and lets them in once it lapsed, with the first ETag', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.begin(upload, { leaseId: 'first', eTag: 'e1' });
    w.pass(2 * MINUTE - SECOND);
    expect(await w.begin(upload, { leaseId: 'second', eTag: 'e2' })).toEqual({ outcome: 'busy' });
    w.pass(2 * SECOND);
    expect(await w.begin(upload, { leaseId: 'second', eTag: 'e2' })).toMatchObject({
      outcome: 'begun',
      upload: { attempts: 2, leaseId: 'second', eTag: 'e1' },
    });
  });

  it('takes the ETag that is seen first, even if that is at a later attempt', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.begin(upload);
    w.pass(HOUR);
    expect(await w.begin(upload, { eTag: 'e2' })).toMatchObject({ upload: { eTag: 'e2' } });
  });

  it('is given to exactly one of 50', async () => {
    const w = begin();
    const upload = await w.issue();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.begin(upload)));
    expect(outcomes.filter(({ outcome }) => outcome === 'begun')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'busy')).toHaveLength(49);
    expect(await w.store.getUpload(upload)).toMatchObject({ attempts: 1 });
  });

  it('is not given for an unknown upload, nor for a finished one', async () => {
    const w = begin();
    expect(await w.begin({ uploadId: randomUUID() })).toEqual({ outcome: 'unknown' });
    const job = await w.published();
    const upload = await w.store.getUpload(job);
    expect(await w.begin(job)).toEqual({ outcome: 'finished', upload });
    expect(await w.begin(job, { leaseId: job.leaseId })).toEqual({ outcome: 'finished', upload });
  });

  it('given back takes its attempt off once, frees the upload at once and makes it due in 30 seconds', async () => {
    const w = begin();
    const upload = await w.issue();
    const job = await w.start(upload);
    expect(await w.release(job)).toBe('released');
    expect(await w.release(job)).toBe('lost_lease');
    const released = await w.store.getUpload(upload);
    expect(released).toMatchObject({ status: 'processing', attempts: 0, workAt: w.in(30 * SECOND) });
    expect(released).not.toHaveProperty('leaseId');
    expect(await w.begin(upload)).toMatchObject({ outcome: 'begun', upload: { attempts: 1 } });
  });

  it('given back 50 times at once takes off one attempt', async () => {
    const w = begin();
    const lapsed = await w.started({ bytes: 100 });
    w.pass(HOUR);
    const job = await w.start(lapsed);
    expect(await w.store.getUpload(job)).toMatchObject({ attempts: 2 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.release(job)));
    expect(outcomes.filter((outcome) => outcome === 'released')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'lost_lease')).toHaveLength(49);
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'processing', attempts: 1 });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
  });

  it('lets its holder act after it lapsed, until another took over', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(HOUR);
    expect(await w.claim(job)).toBe('claimed');
    await w.start(job);
    expect(await w.publish(job)).toBe('lost_lease');
  });

  it.each<[string, (w: World, job: Job) => Promise<string>]>([
    ['release', (w, job) => w.release(job)],
    ['claim', (w, job) => w.claim(job)],
    ['publish', (w, job) => w.publish(job)],
    ['reject', (w, job) => w.reject(job)],
    ['supersede', (w, job) => w.supersede(job)],
  ])('that was lost allows no %s, and nothing changes', async (_transition, attempt) => {
    const w = begin();
    const lost = await w.started();
    w.pass(HOUR);
    const current = await w.start(lost);
    await w.claim(current);
    const before = [await w.store.getUpload(lost), await w.everything()];
    expect(await attempt(w, lost)).toBe('lost_lease');
    expect(await attempt(w, { ...lost, uploadId: randomUUID() })).toBe('lost_lease');
    expect([await w.store.getUpload(lost), await w.everything()]).toEqual(before);
  });

  it('is never held on a pending upload', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const job = { uploadId, leaseId: 'guessed' };
    expect([await w.claim(job), await w.publish(job), await w.reject(job), await w.supersede(job)]).toEqual(
      Array(4).fill('lost_lease'),
    );
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'pending' });
  });
}

export function describeRenewal(begin: Begin): void {
  it('moves the deadlines of a pending upload and reserves nothing', async () => {
    const w = begin();
    const upload = await w.issue();
    w.pass(HOUR);
    const deadlines = { urlExpiresAt: w.in(5 * MINUTE), acceptUntil: w.in(65 * MINUTE) };
    const expected = { ...upload, ...deadlines, workAt: deadlines.acceptUntil };
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'renewed', upload: expected });
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'renewed', upload: expected });
    expect(await w.store.getUpload(upload)).toEqual(expected);
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('is the same for 50 that ask at once, and reserves nothing', async () => {
    const w = begin();
    const upload = await w.issue({ bytes: 100 });
    const before = await w.everything();
    w.pass(HOUR);
    const answers = await Promise.all(Array.from({ length: 50 }, () => w.renew(upload.uploadId)));
    const renewed = await w.store.getUpload(upload);
    expect(renewed).toMatchObject({ acceptUntil: w.in(65 * MINUTE), workAt: w.in(65 * MINUTE) });
    expect(answers).toEqual(Array(50).fill({ outcome: 'renewed', upload: renewed }));
    expect(await w.everything()).toEqual(before);
  });

  it('is had until the upload is 24 hours old', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    w.pass(24 * HOUR - MINUTE);
    expect(await w.renew(uploadId)).toMatchObject({ outcome: 'renewed' });
    w.pass(2 * MINUTE);
    expect(await w.renew(uploadId)).toEqual({ outcome: 'finished', status: 'pending' });
  });

  it('is refused once processing began or the upload ended, and for an unknown one', async () => {
    const w = begin();
    const job = await w.started();
    expect(await w.renew(job.uploadId)).toEqual({ outcome: 'finished', status: 'processing' });
    await w.supersede(job);
    expect(await w.renew(job.uploadId)).toEqual({ outcome: 'finished', status: 'superseded' });
    expect(await w.renew(randomUUID())).toEqual({ outcome: 'unknown' });
  });
}
