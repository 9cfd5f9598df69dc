import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { type Begin, DAY, HOUR, type Job, MINUTE, type World } from './world.ts';

export function describeEnds(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };
  const nobodyHolds = { pendingUploads: 0, sentUploads: 0 };

  it.each<[string, object, (w: World, job: Job) => Promise<string>]>([
    ['rejected', { code: 'image_damaged' }, (w, job) => w.reject(job)],
    ['superseded', {}, (w, job) => w.supersede(job)],
  ])('as %s releases everything once, also when its worker repeats it 50 times at once', async (end, code, act) => {
    const w = begin();
    await w.issue({ bytes: 30 });
    const job = await w.started({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => act(w, job)));
    expect(new Set(outcomes)).toEqual(new Set([end]));
    const upload = await w.upload(job.uploadId);
    expect(upload).toMatchObject({ status: end, ...code, finishedAt: w.in(0), expiresAt: w.in(35 * DAY) });
    expect(upload?.code).toBe('code' in code ? code.code : undefined);
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 1, sentUploads: 0 });
  });

  it('as one status is not turned into another by the same worker', async () => {
    const w = begin();
    const [rejected, superseded, ready] = [await w.started(), await w.started(), await w.published()];
    await w.reject(rejected);
    await w.supersede(superseded);
    const before = await w.everything();
    expect([await w.supersede(rejected), await w.publish(rejected)]).toEqual(Array(2).fill('lost_lease'));
    expect([await w.reject(superseded), await w.publish(superseded)]).toEqual(Array(2).fill('lost_lease'));
    expect([await w.reject(ready), await w.supersede(ready)]).toEqual(Array(2).fill('lost_lease'));
    expect(await w.everything()).toEqual(before);
  });

  it('by expiry comes when the time for the bytes is over, not before, and once', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    w.pass(65 * MINUTE);
    expect(await w.expire(uploadId)).toBe('not_due');
    w.pass(1);
    expect(await w.expire(uploadId)).toBe('expired');
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.upload(uploadId)).toMatchObject({ status: 'expired', finishedAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject(nobodyHolds);
  });

  it('by expiry releases everything once, also when 50 sweeps have seen it due', async () => {
    const w = begin();
    await w.issue({ bytes: 30 });
    const seen = await w.issue({ bytes: 100, avatar: w.agent });
    w.pass(65 * MINUTE + 1);
    const expire = () => w.store.expireUpload({ uploadId: seen.uploadId, sentAt: undefined, seen, now: w.now() });
    const outcomes = await Promise.all(Array.from({ length: 50 }, expire));
    expect(outcomes.filter((outcome) => outcome === 'expired')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_due')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 1 });
  });

  it('by expiry does not follow from a record that was read before the ticket was renewed', async () => {
    const w = begin();
    const seen = await w.issue();
    w.pass(65 * MINUTE + 1);
    await w.renew(seen.uploadId);
    expect(await w.store.expireUpload({ uploadId: seen.uploadId, sentAt: undefined, seen, now: w.now() })).toBe(
      'not_due',
    );
    expect(await w.upload(seen.uploadId)).toMatchObject({ status: 'pending' });
  });

  it('by expiry does not come to bytes that were seen after the look for them', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    w.pass(65 * MINUTE + 1);
    await w.markSent(uploadId);
    const { sentAt } = (await w.upload(uploadId)) ?? {};
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.upload(uploadId)).toMatchObject({ status: 'pending' });
    expect(await w.expire(uploadId, sentAt)).toBe('expired');
  });

  it('by expiry never meets an upload in processing, nor an unknown one', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(DAY);
    expect(await w.expire(job.uploadId)).toBe('not_due');
    expect(await w.expire(randomUUID())).toBe('not_due');
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it.each<[string, (w: World) => Promise<{ uploadId: string }>]>([
    ['pending', (w) => w.issue()],
    ['sent', sent],
    ['deferred', deferred],
    ['whose lease has lapsed', lapsed],
  ])('by abort is possible for an upload that is %s, and releases everything once of 50 times', async (_, prepare) => {
    const w = begin();
    const { uploadId } = await prepare(w);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.abort(uploadId)));
    const upload = await w.upload(uploadId);
    expect(outcomes.filter(({ outcome }) => outcome === 'aborted')).toEqual([{ outcome: 'aborted', upload }]);
    const others = outcomes.filter(({ outcome }) => outcome !== 'aborted');
    expect(others).toEqual(Array(49).fill({ outcome: 'finished', upload }));
    expect(upload).toMatchObject({ status: 'aborted', finishedAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject(nobodyHolds);
  });

  it('by abort is refused while a worker has the upload, and for an unknown upload', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(2 * MINUTE);
    expect(await w.abort(job.uploadId)).toEqual({ outcome: 'finished', upload: await w.upload(job.uploadId) });
    expect(await w.abort(randomUUID())).toEqual({ outcome: 'unknown' });
    expect(await w.held()).toMatchObject({ openUploads: 1 });
    expect(await w.publish(job)).toBe('published');
  });

  it('by abort is final for the worker whose lease had lapsed', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(HOUR);
    await w.abort(job.uploadId);
    expect([await w.publish(job), await w.reject(job), await w.supersede(job)]).toEqual(Array(3).fill('lost_lease'));
    expect(await w.upload(job.uploadId)).toMatchObject({ status: 'aborted' });
  });

  it('by abort at the moment a worker takes the lease comes to one or the other', async () => {
    for (let round = 0; round < 20; round += 1) {
      const w = begin();
      const { uploadId } = await deferred(w);
      const [aborted, begun] = await Promise.all([w.abort(uploadId), w.begin({ uploadId })]);
      const outcomes = [aborted.outcome, begun.outcome];
      expect([
        ['aborted', 'finished'],
        ['finished', 'begun'],
      ]).toContainEqual(outcomes);
      expect(await w.held()).toMatchObject({ openUploads: aborted.outcome === 'aborted' ? 0 : 1 });
    }
  });

  it.each<[string, (w: World) => Promise<{ uploadId: string; leaseId?: string }>]>([
    ['ready', (w) => w.published()],
    ['rejected', (w) => w.ended((job) => w.reject(job))],
    ['superseded', (w) => w.ended((job) => w.supersede(job))],
    ['aborted', aborted],
    ['expired', expired],
  ])('as %s is final: no transition changes it or the quota', async (status, finish) => {
    const w = begin();
    const ended = await finish(w);
    const { uploadId } = ended;
    const upload = await w.upload(uploadId);
    expect(upload?.status).toBe(status);
    const before = await w.everything();
    w.pass(HOUR);
    for (const leaseId of [ended.leaseId ?? 'mine', 'another']) {
      const job = { uploadId, leaseId };
      await w.begin(job, { leaseId });
      await w.defer(job);
      await w.publish(job);
      await w.reject(job);
      await w.supersede(job);
    }
    await w.defer({ uploadId });
    await w.abort(uploadId);
    await w.expire(uploadId);
    await w.supersedePending(uploadId);
    await w.renew(uploadId);
    await w.markSent(uploadId);
    await w.lapse(uploadId);
    await w.redrive(uploadId, upload?.workAt);
    expect(await w.upload(uploadId)).toEqual(upload);
    expect(await w.everything()).toEqual(before);
  });
}

async function sent(w: World): Promise<UploadRecord> {
  const upload = await w.issue();
  await w.markSent(upload.uploadId);
  return upload;
}

async function deferred(w: World): Promise<Job> {
  const job = await w.started();
  await w.defer(job);
  return job;
}

async function lapsed(w: World): Promise<Job> {
  const job = await w.started();
  w.pass(2 * MINUTE + 1);
  return job;
}

async function aborted(w: World): Promise<UploadRecord> {
  const upload = await w.issue();
  await w.abort(upload.uploadId);
  return upload;
}

async function expired(w: World): Promise<UploadRecord> {
  const upload = await w.issue();
  w.pass(2 * HOUR);
  await w.expire(upload.uploadId);
  return upload;
}
