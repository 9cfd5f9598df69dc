import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, HOUR, type Job, MINUTE, SECOND, type World } from './world.ts';

/** The removal of what an ended upload left behind. */
export function describeCleanUps(begin: Begin): void {
  it.each<[string, (w: World, job: Job) => Promise<string>]>([
    ['ready', (w, job) => w.publish(job)],
    ['rejected', (w, job) => w.reject(job)],
    ['superseded', (w, job) => w.supersede(job)],
  ])('of an upload that its worker ended as %s is due at the end of the lease, or at once', async (_end, end) => {
    const w = begin();
    const [live, lapsed] = [await w.started(), await w.started({ avatar: w.agent })];
    const leaseUntil = w.in(2 * MINUTE);
    w.pass(SECOND);
    await end(w, live);
    expect(await w.upload(live.uploadId)).toMatchObject({ cleanUp: 'first', workAt: leaseUntil });
    w.pass(HOUR);
    await end(w, lapsed);
    expect(await w.upload(lapsed.uploadId)).toMatchObject({ cleanUp: 'first', workAt: w.in(0) });
  });

  it.each<[string, (w: World, uploadId: string) => Promise<unknown>]>([
    ['aborted', (w, uploadId) => w.abort(uploadId)],
    ['superseded', (w, uploadId) => w.supersedePending(uploadId)],
    ['given up', (w, uploadId) => w.defer({ uploadId }, { giveUpAfter: 0 })],
  ])('of a ticket that was %s is due when its URL takes no more bytes', async (_how, end) => {
    const w = begin();
    const [early, late] = [await w.issue(), await w.issue()];
    const urlExpiresAt = w.in(5 * MINUTE);
    await end(w, early.uploadId);
    expect(await w.upload(early.uploadId)).toMatchObject({ cleanUp: 'first', workAt: urlExpiresAt });
    w.pass(HOUR);
    await end(w, late.uploadId);
    expect(await w.upload(late.uploadId)).toMatchObject({ cleanUp: 'first', workAt: w.in(0) });
  });

  it('of an upload that was aborted between two attempts, and of a render, is due at once', async () => {
    const w = begin();
    await w.published();
    const job = await w.started();
    await w.defer(job);
    await w.abort(job.uploadId);
    const render = await w.issue({ upload: w.renderTicket() });
    await w.abort(render.uploadId);
    for (const { uploadId } of [job, render]) {
      expect(await w.upload(uploadId)).toMatchObject({ cleanUp: 'first', workAt: w.in(0) });
    }
  });

  it('of an expired ticket is due for its parts alone', async () => {
    const w = begin();
    const plan = { multipartId: 'storage-name', partSize: 50, partCount: 2 };
    const whole = await w.issue();
    const multipart = await attachmentsOf(w).issue({ method: 'multipart', multipart: plan });
    w.pass(2 * HOUR);
    await w.expire(whole.uploadId);
    await w.expire(multipart.uploadId);
    const upload = await w.upload(whole.uploadId);
    expect(upload).not.toHaveProperty('cleanUp');
    expect(upload).not.toHaveProperty('workAt');
    expect(await w.upload(multipart.uploadId)).toMatchObject({ cleanUp: 'first', workAt: w.in(0) });
  });

  it('is finished once of 50 times, and changes nothing else', async () => {
    const w = begin();
    const { uploadId } = await w.published({ bytes: 100 });
    const before = await w.everything();
    const { cleanUp: _, workAt: __, ...upload } = (await w.upload(uploadId)) ?? {};
    expect(await w.finishCleanUp(uploadId, 'second')).toBe('stale');
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.finishCleanUp(uploadId, 'first')));
    expect(outcomes.filter((outcome) => outcome === 'finished')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(49);
    expect(await w.upload(uploadId)).toEqual(upload);
    expect(await w.everything()).toEqual(before);
  });

  it('has a second pass 15 minutes later where a worker lost its lease, and not before that', async () => {
    const w = begin();
    const first = await w.started();
    w.pass(HOUR);
    const second = await w.start(first);
    const { uploadId } = second;
    await w.reject(second);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.finishCleanUp(uploadId, 'first')));
    expect(outcomes.filter((outcome) => outcome === 'second_due')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(49);
    expect(await w.upload(uploadId)).toMatchObject({ cleanUp: 'second', workAt: w.in(15 * MINUTE) });
    expect(await w.finishCleanUp(uploadId, 'first')).toBe('stale');
    w.pass(15 * MINUTE - 1);
    // A late worker may clean up before, but what is still written then must go too.
    expect(await w.finishCleanUp(uploadId, 'second')).toBe('stale');
    w.pass(1);
    expect(await w.finishCleanUp(uploadId, 'second')).toBe('finished');
    expect(await w.finishCleanUp(uploadId, 'second')).toBe('stale');
    const upload = await w.upload(uploadId);
    expect(upload).not.toHaveProperty('cleanUp');
    expect(upload).not.toHaveProperty('workAt');
  });

  it.each<[string, string, (w: World) => Promise<{ readonly uploadId: string }>]>([
    ['one worker had it', 'finished', (w) => w.ended((job) => w.supersede(job))],
    ['one worker ended it after its lease had lapsed', 'second_due', lapsedAndRejected],
    ['it was aborted after the lease of a worker had lapsed', 'second_due', lapsedAndAborted],
    ['two workers had it, the first of which deferred it', 'second_due', deferredAndRejected],
    ['two workers had it and it was superseded', 'second_due', (w) => twice(w, (job) => w.supersede(job))],
    ['two workers had it and it is a ready avatar', 'second_due', (w) => twice(w, (job) => w.publish(job))],
    ['one worker had it and it is a ready attachment', 'finished', publishedAttachment],
    ['two workers had it and it is a ready attachment', 'second_due', attachmentOfTwo],
    ['no worker had it', 'finished', aborted],
  ])('where %s is %s after the first pass', async (_which, outcome, end) => {
    const w = begin();
    const { uploadId } = await end(w);
    expect(await w.finishCleanUp(uploadId, 'first')).toBe(outcome);
  });

  it('starts its pauses anew where the upload had been failing', async () => {
    const w = begin();
    const upload = await w.issue();
    await w.defer(await w.start(upload));
    w.pass(HOUR);
    const { uploadId } = upload;
    await w.reject(await w.start(upload));
    const { workAt = '' } = (await w.upload(uploadId)) ?? {};
    w.pass(HOUR);
    expect(await w.postpone({ kind: 'upload', uploadId, workAt })).toBe('postponed');
    expect(await w.upload(uploadId)).toMatchObject({ cleanUp: 'first', workAt: w.in(MINUTE) });
    expect(await w.finishCleanUp(uploadId, 'first')).toBe('second_due');
    expect(await w.upload(uploadId)).not.toHaveProperty('failingSince');
  });

  it('is none of an open upload, nor of an unknown one', async () => {
    const w = begin();
    const [pending, processing] = [await w.issue(), await w.started()];
    for (const uploadId of [pending.uploadId, processing.uploadId, randomUUID()]) {
      const before = await w.upload(uploadId);
      expect(await w.finishCleanUp(uploadId, 'first')).toBe('stale');
      expect(await w.upload(uploadId)).toEqual(before);
    }
  });
}

async function twice(w: World, end: (job: Job) => Promise<unknown>): Promise<Job> {
  const first = await w.started();
  w.pass(HOUR);
  const job = await w.start(first);
  await end(job);
  return job;
}

async function lapsedAndRejected(w: World): Promise<Job> {
  const job = await w.started();
  w.pass(2 * MINUTE + 1);
  await w.reject(job);
  return job;
}

async function lapsedAndAborted(w: World): Promise<Job> {
  const job = await w.started();
  w.pass(2 * MINUTE + 1);
  await w.abort(job.uploadId);
  return job;
}

async function aborted(w: World): Promise<{ readonly uploadId: string }> {
  const upload = await w.issue();
  w.pass(HOUR);
  await w.abort(upload.uploadId);
  return upload;
}

async function publishedAttachment(w: World): Promise<{ readonly uploadId: string }> {
  const { fileId: uploadId } = await attachmentsOf(w).published();
  return { uploadId };
}

async function attachmentOfTwo(w: World): Promise<Job> {
  const a = attachmentsOf(w);
  const first = await a.started();
  w.pass(HOUR);
  const job = await w.start(first);
  await a.publish(job);
  return job;
}

async function deferredAndRejected(w: World): Promise<Job> {
  const first = await w.started();
  await w.defer(first);
  const job = await w.start(first);
  await w.reject(job);
  return job;
}
