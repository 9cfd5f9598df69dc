import { expect, it } from 'vitest';
import { type Begin, DAY } from './world.ts';

export function describeRenders(begin: Begin): void {
  it('holds one open upload and no quota, and has no deadline for bytes', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const render = w.renderTicket();
    expect(await w.ask({ upload: render })).toMatchObject({ outcome: 'issued' });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 1 });
    const { firstLookAt, ...asked } = render;
    expect(await w.store.getUpload(render)).toEqual({
      ...asked,
      organizationId: w.organizationId,
      generation: 2,
      status: 'pending',
      attempts: 0,
      workAt: firstLookAt,
    });
  });

  it('needs a published picture', async () => {
    const w = begin();
    const nothing = { outcome: 'nothing_to_render' };
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
    await w.issue();
    expect(await w.ask({ upload: w.renderTicket() })).toEqual(nothing);
    await w.published();
    await w.delete();
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

  it('is issued once when 50 are asked for at once', async () => {
    const w = begin();
    await w.published();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.ask({ upload: w.renderTicket() })));
    expect(outcomes.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'upload_in_progress')).toHaveLength(49);
  });

  it('passes where a lowered limit left less than nothing free, but not beyond the open uploads', async () => {
    const w = begin({ openUploads: 1 });
    await w.published({ bytes: 100 });
    await w.setLimits({ bytesLimit: 50, filesLimit: 0 });
    expect(await w.ask({ upload: w.renderTicket(), openUploads: 0 })).toMatchObject({ outcome: 'too_many_open' });
    expect(await w.ask({ upload: w.renderTicket() })).toMatchObject({ outcome: 'issued' });
  });

  it('replaces the picture and leaves its charge as it is', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const job = await w.started({ upload: w.renderTicket() });
    await w.claim(job);
    expect(await w.publish(job)).toBe('published');
    expect(await w.avatar()).toMatchObject({
      readyGeneration: 2,
      chargedBytes: 100,
      image: { readyUploadId: job.uploadId },
    });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
  });

  it('can be aborted, and gives back its open upload alone', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const { uploadId } = await w.issue({ upload: w.renderTicket() });
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'aborted' });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
  });

  it('neither expires nor has a ticket to renew', async () => {
    const w = begin();
    await w.published();
    const { uploadId } = await w.issue({ upload: w.renderTicket() });
    expect(await w.renew(uploadId)).toEqual({ outcome: 'unknown' });
    w.pass(10 * DAY);
    expect(await w.expire(uploadId)).toBe('not_due');
  });

  it('is outrun by a delete', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const job = await w.started({ upload: w.renderTicket() });
    await w.claim(job);
    await w.delete();
    expect(await w.publish(job)).toBe('superseded');
    await w.supersede(job);
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });
}
