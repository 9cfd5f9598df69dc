import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, HOUR, MINUTE, SECOND, type World } from './world.ts';

export function describeRenewal(begin: Begin): void {
  it('moves the deadlines of a pending upload and reserves nothing', async () => {
    const w = begin();
    const upload = await w.issue();
    w.pass(HOUR);
    const deadlines = { urlExpiresAt: w.in(5 * MINUTE), acceptUntil: w.in(65 * MINUTE) };
    const expected = { ...upload, ...deadlines, workAt: deadlines.acceptUntil };
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'renewed', upload: expected });
    expect(await w.renew(upload.uploadId)).toEqual({ outcome: 'renewed', upload: expected });
    expect(await w.upload(upload.uploadId)).toEqual(expected);
    expect(await w.held()).toMatchObject({ files: 1, openUploads: 1 });
  });

  it('is the same for 50 requests at once, and reserves nothing', async () => {
    const w = begin();
    const upload = await w.issue({ bytes: 100 });
    const before = await w.everything();
    w.pass(HOUR);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.renew(upload.uploadId)));
    const renewed = await w.upload(upload.uploadId);
    expect(renewed).toMatchObject({ acceptUntil: w.in(65 * MINUTE), workAt: w.in(65 * MINUTE) });
    expect(outcomes).toEqual(Array(50).fill({ outcome: 'renewed', upload: renewed }));
    expect(await w.everything()).toEqual(before);
  });

  it.each<[string, (w: World, uploadId: string) => Promise<string>, number]>([
    ['whose bytes were seen', (w, uploadId) => w.markSent(uploadId), 15 * MINUTE],
    ['that is to be tried again', (w, uploadId) => w.defer({ uploadId }), MINUTE],
  ])('of an upload %s leaves the time of the next look as it is', async (_which, act, lookIn) => {
    const w = begin();
    const { uploadId } = await w.issue();
    await act(w, uploadId);
    const workAt = w.in(lookIn);
    w.pass(SECOND);
    const acceptUntil = w.in(65 * MINUTE);
    expect(await w.renew(uploadId)).toMatchObject({ outcome: 'renewed', upload: { acceptUntil, workAt } });
    expect(await w.upload(uploadId)).toMatchObject({ acceptUntil, workAt });
  });

  it('is possible until the upload is 24 hours old', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    w.pass(24 * HOUR - 1);
    expect(await w.renew(uploadId)).toMatchObject({ outcome: 'renewed' });
    w.pass(1);
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

export function describeArrival(begin: Begin): void {
  it('is marked once of 50 times, counts the upload as sent and is looked at again 15 minutes later', async () => {
    const w = begin();
    const upload = await w.issue({ bytes: 100 });
    const [organization] = await w.everything();
    w.pass(SECOND);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.markSent(upload.uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'marked')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'unchanged')).toHaveLength(49);
    const marked = { ...upload, sentAt: w.in(0), workAt: w.in(15 * MINUTE) };
    expect(await w.upload(upload.uploadId)).toEqual(marked);
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
    expect(await w.organization()).toEqual(organization);
  });

  it('is marked again after a minute, not before and once of 50 times, and the upload counts as sent once', async () => {
    const w = begin();
    const { uploadId } = await w.issue();
    await w.markSent(uploadId);
    const sentAt = w.in(0);
    w.pass(MINUTE - 1);
    expect(await w.markSent(uploadId)).toBe('unchanged');
    w.pass(1);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.markSent(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'marked')).toHaveLength(1);
    expect(await w.upload(uploadId)).toMatchObject({ status: 'pending', sentAt, workAt: w.in(15 * MINUTE) });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('is marked on the record as the caller has read it before', async () => {
    const w = begin();
    const seen = await w.issue();
    const mark = () => w.store.markSent({ uploadId: seen.uploadId, seen, now: w.now() });
    expect(await mark()).toBe('marked');
    expect(await mark()).toBe('unchanged');
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
  });

  it('is not marked on an upload that is processed, has ended or is unknown', async () => {
    const w = begin();
    const aborted = await w.issue();
    await w.abort(aborted.uploadId);
    const ready = await w.published();
    const processing = await w.started();
    const counted = await w.owner();
    for (const uploadId of [processing.uploadId, ready.uploadId, aborted.uploadId, randomUUID()]) {
      const before = await w.upload(uploadId);
      expect(await w.markSent(uploadId)).toBe('unchanged');
      expect(await w.upload(uploadId)).toEqual(before);
    }
    expect(await w.owner()).toEqual(counted);
  });
}

export function describeReplacedTickets(begin: Begin): void {
  it('end as superseded and release everything once of 50 times', async () => {
    const w = begin();
    const { uploadId, urlExpiresAt } = (await w.issue({ bytes: 100 })) as { uploadId: string; urlExpiresAt: string };
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.supersedePending(uploadId)));
    expect(outcomes.filter((outcome) => outcome === 'superseded')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_pending')).toHaveLength(49);
    // Until then the client may still send its bytes.
    const due = { cleanUp: 'first', workAt: urlExpiresAt };
    expect(await w.upload(uploadId)).toMatchObject({ status: 'superseded', finishedAt: w.in(0), ...due });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('are left alone once their bytes were seen, and so are ended and unknown ones', async () => {
    const w = begin();
    const sent = await w.issue();
    await w.markSent(sent.uploadId);
    const processing = await w.started();
    const ready = await w.published();
    for (const uploadId of [sent.uploadId, processing.uploadId, ready.uploadId, randomUUID()]) {
      const before = await w.upload(uploadId);
      expect(await w.supersedePending(uploadId)).toBe('not_pending');
      expect(await w.upload(uploadId)).toEqual(before);
    }
  });

  it('whose bytes arrive at the same moment are either marked or superseded', async () => {
    for (let round = 0; round < 20; round += 1) {
      const w = begin();
      const { uploadId } = await w.issue({ bytes: 100 });
      const [marked, ended] = await Promise.all([w.markSent(uploadId), w.supersedePending(uploadId)]);
      const isMarked = marked === 'marked';
      expect([marked, ended]).toEqual(isMarked ? ['marked', 'not_pending'] : ['unchanged', 'superseded']);
      expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: isMarked ? 1 : 0 });
      expect(await w.held()).toMatchObject({ openUploads: isMarked ? 1 : 0 });
    }
  });
}
