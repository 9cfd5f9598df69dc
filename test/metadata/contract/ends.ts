import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { type Begin, DAY, HOUR, MINUTE, SECOND, type World } from './world.ts';

export function describeEnds(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };

  it('by rejection records its code and gives everything back once, however often it is asked for', async () => {
    const w = begin();
    const job = await w.started();
    expect(await w.reject(job)).toBe('rejected');
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.reject(job)));
    expect(new Set(outcomes)).toEqual(new Set(['rejected']));
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'rejected', code: 'image_damaged' });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('by rejection waits while the generation is claimed, unless nothing was written', async () => {
    const w = begin();
    const job = await w.started();
    await w.claim(job);
    const before = await w.everything();
    expect(await w.reject(job)).toBe('claimed');
    expect(await w.everything()).toEqual(before);
    expect(await w.store.getUpload(job)).toMatchObject({ status: 'processing' });
    expect(await w.reject(job, { nothingWritten: true })).toBe('rejected');
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('by rejection does not wait for the claim of another generation', async () => {
    const w = begin();
    const older = await w.started();
    const newer = await w.started();
    await w.claim(newer);
    expect(await w.reject(older)).toBe('rejected');
  });

  it('by supersession gives everything back once, however often it is asked for, and has no code', async () => {
    const w = begin();
    const job = await w.started();
    await w.claim(job);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.supersede(job)));
    expect(new Set(outcomes)).toEqual(new Set(['superseded']));
    const upload = await w.store.getUpload(job);
    expect(upload).toMatchObject({ status: 'superseded', finishedAt: w.in(0) });
    expect(upload).not.toHaveProperty('code');
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('by expiry comes when the time for the bytes is over, not before, and once', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    w.pass(65 * MINUTE - SECOND);
    expect(await w.expire(uploadId)).toBe('not_due');
    w.pass(2 * SECOND);
    expect(await w.expire(uploadId)).toBe('expired');
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.store.getUpload({ uploadId })).toMatchObject({ status: 'expired' });
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('by expiry gives everything back once, also when 50 ask at once', async () => {
    const w = begin();
    await w.issue({ bytes: 30 });
    w.pass(HOUR);
    const { uploadId } = await w.issue({ bytes: 100, avatar: w.agent });
    w.pass(65 * MINUTE + SECOND);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.expire(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'expired')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_due')).toHaveLength(49);
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ openUploads: 1 });
  });

  it('by expiry never meets an upload in processing, nor an unknown one', async () => {
    const w = begin();
    const job = await w.started();
    w.pass(DAY);
    expect(await w.expire(job.uploadId)).toBe('not_due');
    expect(await w.expire(randomUUID())).toBe('not_due');
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('by abort meets pending uploads alone, and gives everything back once, also when 50 ask at once', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.abort(uploadId)));
    expect(outcomes.filter(({ outcome }) => outcome === 'aborted')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'finished')).toHaveLength(49);
    expect(await w.abort(uploadId)).toEqual({ outcome: 'finished', status: 'aborted' });
    expect(await w.store.getUpload({ uploadId })).toMatchObject({ status: 'aborted', finishedAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('by abort is refused while processing, and for an unknown upload', async () => {
    const w = begin();
    const job = await w.started();
    expect(await w.abort(job.uploadId)).toEqual({ outcome: 'finished', status: 'processing' });
    expect(await w.abort(randomUUID())).toEqual({ outcome: 'unknown' });
    expect(await w.held()).toMatchObject({ openUploads: 1 });
  });

  it.each<[string, (w: World) => Promise<{ uploadId: string; leaseId?: string }>]>([
    ['ready', (w) => w.published()],
    ['rejected', (w) => w.ended((job) => w.reject(job))],
    ['superseded', (w) => w.ended((job) => w.supersede(job))],
    ['aborted', aborted],
    ['expired', expired],
  ])('as %s is for ever: no transition changes it or the quota', async (status, finish) => {
    const w = begin();
    const ended = await finish(w);
    const upload = await w.store.getUpload(ended);
    expect(upload?.status).toBe(status);
    const before = await w.everything();
    w.pass(HOUR);
    for (const leaseId of [ended.leaseId ?? 'mine', 'another']) {
      const job = { uploadId: ended.uploadId, leaseId };
      await w.begin(job, { leaseId });
      await w.claim(job);
      await w.release(job);
      await w.publish(job);
      await w.reject(job, { nothingWritten: true });
      await w.supersede(job);
    }
    await w.abort(ended.uploadId);
    await w.expire(ended.uploadId);
    await w.renew(ended.uploadId);
    expect(await w.store.getUpload(ended)).toEqual(upload);
    expect(await w.everything()).toEqual(before);
  });
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
