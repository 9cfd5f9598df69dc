import { expect, it } from 'vitest';
import type { Begin, World } from './world.ts';

export function describePublication(begin: Begin): void {
  it('makes the written objects the picture, charges their upload and ends it as ready', async () => {
    const w = begin();
    const crop = { x: 0, y: 0.5, size: 0.5 };
    const job = await w.started({ bytes: 100 });
    expect(await w.claim(job)).toBe('claimed');
    expect(await w.publish(job, { crop })).toBe('published');
    expect(await w.avatar()).toMatchObject({
      claimedGeneration: 1,
      readyGeneration: 1,
      chargedBytes: 100,
      image: { ...w.image(), crop, readyUploadId: job.uploadId, updatedAt: w.in(0) },
    });
    const upload = await w.store.getUpload(job);
    expect(upload).toMatchObject({ status: 'ready', finishedAt: w.in(0) });
    expect(upload).not.toHaveProperty('workAt');
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('gives back the picture it replaces', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.published({ bytes: 30 });
    expect(await w.avatar()).toMatchObject({ readyGeneration: 2, chargedBytes: 30 });
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('is answered alike but done once, also when its worker asks 50 times at once', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    const job = await w.started({ bytes: 30 });
    await w.claim(job);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.publish(job)));
    expect(new Set(outcomes)).toEqual(new Set(['published']));
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('takes one claim, however often its worker asks at once', async () => {
    const w = begin();
    const job = await w.started({ bytes: 100 });
    const [organization, owner] = await w.everything();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.claim(job)));
    expect(new Set(outcomes)).toEqual(new Set(['claimed']));
    expect(await w.avatar()).toMatchObject({ claimedGeneration: 1, readyGeneration: 0 });
    expect([await w.organization(), await w.owner()]).toEqual([organization, owner]);
  });

  it('is had by the newest of 50 that are claimed, published and given up at once', async () => {
    const w = begin({ bytes: 10_000, files: 100, openUploads: 100 });
    const issued = await Promise.all(Array.from({ length: 50 }, () => w.issue({ bytes: 100 })));
    const jobs = await Promise.all(issued.sort((a, b) => b.generation - a.generation).map(w.start));
    const [newest] = await Promise.all(jobs.map(w.claim));
    expect(newest).toBe('claimed');
    expect(await w.avatar()).toMatchObject({ claimedGeneration: 50 });
    const older = Array(49).fill('superseded');
    expect(await Promise.all(jobs.map((job) => w.publish(job)))).toEqual(['published', ...older]);
    expect(await Promise.all(jobs.slice(1).map(w.supersede))).toEqual(older);
    expect(await w.avatar()).toMatchObject({ readyGeneration: 50, chargedBytes: 100 });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ openUploads: 0 });
  });

  it('needs a claim of its own generation', async () => {
    const w = begin();
    const job = await w.started();
    const before = await w.everything();
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
    expect(await w.claim(job)).toBe('claimed');
    expect(await w.claim(job)).toBe('claimed');
    expect(await w.publish(job)).toBe('published');
  });

  it('of an older upload is refused once a newer one is claimed, and the quota holds the newer picture alone', async () => {
    const w = begin();
    const older = await w.started({ bytes: 100 });
    const newer = await w.started({ bytes: 30 });
    await w.claim(older);
    await w.claim(newer);
    expect(await w.publish(older)).toBe('superseded');
    expect(await w.publish(newer)).toBe('published');
    expect(await w.publish(older)).toBe('superseded');
    expect(await w.claim(older)).toBe('superseded');
    expect(await w.supersede(older)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyGeneration: 2, image: { readyUploadId: newer.uploadId } });
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('of an older upload may come first, and the newer one replaces it', async () => {
    const w = begin();
    const older = await w.started({ bytes: 100 });
    const newer = await w.started({ bytes: 30 });
    await w.claim(older);
    expect(await w.publish(older)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 130, files: 2, openUploads: 1 });
    await w.claim(newer);
    expect(await w.publish(newer)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('is refused after a delete, as is a claim', async () => {
    const w = begin();
    const claimed = await w.started();
    await w.claim(claimed);
    const unclaimed = await w.started();
    await w.delete();
    const before = await w.everything();
    expect(await w.publish(claimed)).toBe('superseded');
    expect(await w.claim(unclaimed)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
  });

  it('of a ticket issued after a delete goes through', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    await w.published({ bytes: 7 });
    expect(await w.avatar()).toMatchObject({ readyGeneration: 3, deletedGeneration: 2, purge: 'first' });
    expect(await w.held()).toEqual({ bytes: 7, files: 1, openUploads: 0 });
  });

  it.each<[string, (w: World) => Promise<unknown>]>([
    ['organization', (w) => w.setState('erasing')],
    ['uploader', (w) => w.store.closeOwner({ organizationId: w.organizationId, ownerId: 'admin' })],
    ['user', (w) => w.store.closeOwner({ organizationId: w.organizationId, ownerId: w.userId })],
  ])('is refused while the %s is being erased, and changes nothing', async (_who, close) => {
    const w = begin();
    const job = await w.started({ by: 'admin' });
    await w.claim(job);
    await close(w);
    const before = await w.everything();
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
    expect(await w.supersede(job)).toBe('superseded');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('goes through while the organization is only paused', async () => {
    const w = begin();
    const job = await w.started();
    await w.claim(job);
    await w.setState('paused');
    expect(await w.publish(job)).toBe('published');
  });
}
