import { expect, it } from 'vitest';
import { AVATAR_TYPES } from '../../../shared/images/formats.ts';
import { originalKey } from '../../../shared/storage/object-keys.ts';
import { type Begin, DAY } from './world.ts';

export function describeRenders(begin: Begin): void {
  it('holds one open upload and no quota, has its bytes from the start, and names the version it is made from', async () => {
    const w = begin();
    const source = await w.published({ bytes: 100 });
    const render = w.renderTicket();
    expect(await w.ask({ upload: render })).toMatchObject({ outcome: 'issued' });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
    const { firstLookAt, ...asked } = render;
    expect(await w.upload(render.uploadId)).toEqual({
      ...asked,
      organizationId: w.organizationId,
      generation: 2,
      source: {
        uploadId: source.uploadId,
        key: originalKey(w.user, source.uploadId, AVATAR_TYPES['image/png']),
        eTag: 'e1',
      },
      status: 'pending',
      attempts: 0,
      leases: 0,
      sentAt: render.createdAt,
      workAt: firstLookAt,
    });
  });

  it('needs a published image whose original is stored', async () => {
    const w = begin();
    const nothing = { outcome: 'nothing_to_render' };
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
    await w.issue();
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
    await w.published();
    await w.delete();
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
    const job = await w.started();
    const { original: _, ...thumbnailsOnly } = w.image(job);
    await w.store.publishAvatar({ ...job, image: thumbnailsOnly, now: w.now() });
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
  });

  it('waits for the latest upload to end', async () => {
    const w = begin();
    await w.published();
    const { uploadId } = await w.issue();
    const inProgress = { outcome: 'upload_in_progress', uploadId };
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(inProgress);
    const job = await w.start({ uploadId });
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(inProgress);
    await w.supersede(job);
    expect(await w.ask({ upload: w.renderTicket() })).toMatchObject({ outcome: 'issued' });
  });

  it('is issued once when 50 are requested at once', async () => {
    const w = begin();
    await w.published();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask({ upload: w.renderTicket() })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'upload_in_progress')).toHaveLength(49);
  });

  it('is issued even where a lowered limit left less than nothing free', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.setLimits({ bytesLimit: 50, filesLimit: 0 });
    expect(await w.ask({ upload: w.renderTicket() })).toMatchObject({ outcome: 'issued' });
  });

  it('replaces the image, takes its charge over and retires its files', async () => {
    const w = begin();
    const source = await w.published({ bytes: 100 });
    const job = await w.started({ upload: w.renderTicket() });
    expect(await w.publish(job)).toBe('published');
    expect(await w.avatar()).toMatchObject({
      readyGeneration: 2,
      readyUploadId: job.uploadId,
      chargedBytes: 100,
      image: { folder: job.uploadId },
      retired: [{ folder: source.uploadId, removeAt: w.in(DAY) }],
    });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('of a rendered image is made from that one', async () => {
    const w = begin();
    await w.published();
    const job = await w.started({ upload: w.renderTicket() });
    await w.publish(job);
    expect(await w.issue({ upload: w.renderTicket() })).toMatchObject({ source: { uploadId: job.uploadId } });
  });

  it('is superseded when the published version is no longer the one it was made from', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const older = await w.started({ bytes: 30 });
    await w.abort((await w.issue()).uploadId);
    const job = await w.started({ upload: w.renderTicket() });
    expect(await w.publish(older)).toBe('published');
    const before = await w.everything();
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
    expect(await w.supersede(job)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyUploadId: older.uploadId, chargedBytes: 30 });
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('can be aborted, and releases its open upload alone', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const { uploadId } = await w.issue({ upload: w.renderTicket() });
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'aborted' });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('neither expires, nor is it superseded as pending, nor has it a ticket to renew', async () => {
    const w = begin();
    await w.published();
    const { uploadId } = await w.issue({ upload: w.renderTicket() });
    expect(await w.renew(uploadId)).toEqual({ outcome: 'unknown' });
    w.pass(10 * DAY);
    expect(await w.expire(uploadId)).toBe('not_due');
    expect(await w.supersedePending(uploadId)).toBe('not_pending');
    expect(await w.markSent(uploadId)).toBe('unchanged');
  });

  it('is superseded by a delete', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const job = await w.started({ upload: w.renderTicket() });
    await w.delete();
    expect(await w.publish(job)).toBe('superseded');
    await w.supersede(job);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });
}
