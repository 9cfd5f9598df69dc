import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Begin, DAY, type Job, type World } from './world.ts';

export function describePublication(begin: Begin): void {
  it('makes the written files the image, charges their upload and ends it as ready', async () => {
    const w = begin();
    const crop = { x: 0, y: 0.5, size: 0.5 };
    const job = await w.started({ bytes: 100 });
    expect(await w.publish(job, { crop })).toBe('published');
    expect(await w.avatar()).toEqual({
      ...w.user,
      organizationId: w.organizationId,
      generation: 1,
      latestUploadId: job.uploadId,
      readyGeneration: 1,
      readyUploadId: job.uploadId,
      deletedGeneration: 0,
      chargedBytes: 100,
      image: { ...w.image(job), crop, updatedAt: w.in(0) },
    });
    expect(await w.upload(job.uploadId)).toMatchObject({
      status: 'ready',
      finishedAt: w.in(0),
      expiresAt: w.in(35 * DAY),
      cleanUp: 'first',
    });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('releases the charge of the image it replaces', async () => {
    const w = begin();
    await w.published({ bytes: 100 });
    await w.published({ bytes: 30 });
    expect(await w.avatar()).toMatchObject({ readyGeneration: 2, chargedBytes: 30 });
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('happens once, also when its worker repeats it 50 times at once', async () => {
    const w = begin();
    const replaced = await w.published({ bytes: 100 });
    const job = await w.started({ bytes: 30 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.publish(job)));
    expect(new Set(outcomes)).toEqual(new Set(['published']));
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
    expect(await w.retired()).toMatchObject([{ folder: replaced.uploadId }]);
  });

  it('of the newest of 50 wins when all are published at once, and every other one is superseded or replaced', async () => {
    const w = begin({ bytes: 10_000, files: 100, pendingUploads: 100, sentUploads: 100 });
    const issued = await Promise.all(Array.from({ length: 50 }, () => w.issue({ bytes: 100 })));
    const jobs = await Promise.all(issued.sort((a, b) => b.generation - a.generation).map(w.start));
    const [newest, ...older] = await Promise.all(jobs.map((job) => w.publish(job)));
    expect(newest).toBe('published');
    const superseded = jobs.slice(1).filter((_, index) => older[index] === 'superseded');
    expect(older.filter((outcome) => outcome === 'published')).toHaveLength(49 - superseded.length);
    expect(await Promise.all(superseded.map(w.supersede))).toEqual(superseded.map(() => 'superseded'));
    expect(await w.avatar()).toMatchObject({ readyGeneration: 50, readyUploadId: jobs[0]?.uploadId });
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('of an older upload is superseded once a newer one is published, and changes nothing', async () => {
    const w = begin();
    const older = await w.started({ bytes: 100 });
    const newer = await w.started({ bytes: 30 });
    expect(await w.publish(newer)).toBe('published');
    const before = [await w.upload(older.uploadId), await w.everything()];
    expect(await w.publish(older)).toBe('superseded');
    expect([await w.upload(older.uploadId), await w.everything()]).toEqual(before);
    expect(await w.supersede(older)).toBe('superseded');
    expect(await w.avatar()).toMatchObject({ readyGeneration: 2, readyUploadId: newer.uploadId });
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('of an older upload may come first, and the newer one replaces it', async () => {
    const w = begin();
    const older = await w.started({ bytes: 100 });
    const newer = await w.started({ bytes: 30 });
    expect(await w.publish(older)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 130, files: 2, openUploads: 1 });
    expect(await w.publish(newer)).toBe('published');
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
  });

  it('is superseded after a delete, and changes nothing', async () => {
    const w = begin();
    const job = await w.started();
    await w.delete();
    const before = await w.everything();
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
  });

  it('that meets a delete is deleted by it or superseded, and its files are due in the first case', async () => {
    for (let round = 0; round < 20; round += 1) {
      const w = begin();
      const job = await w.started({ bytes: 100 });
      const [published, deleted] = await Promise.all([w.publish(job), w.delete()]);
      expect(deleted).toMatchObject({ outcome: 'deleted', isPurgeDue: published === 'published' });
      expect((await w.avatar())?.image).toBeUndefined();
      expect(await w.retired()).toMatchObject(published === 'published' ? [{ folder: job.uploadId }] : []);
      if (published === 'superseded') await w.supersede(job);
      expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    }
  });

  it('of a ticket issued after a delete succeeds, and leaves what the delete has to remove due', async () => {
    const w = begin();
    const deleted = await w.published();
    await w.delete();
    const workAt = w.in(0);
    await w.published({ bytes: 7 });
    expect(await w.avatar()).toMatchObject({
      readyGeneration: 3,
      deletedGeneration: 2,
      retired: [{ folder: deleted.uploadId, pass: 'first', removeAt: workAt }],
      workAt,
    });
    expect(await w.held()).toEqual({ bytes: 7, files: 1, openUploads: 0 });
  });

  it.each<[string, (w: World) => Promise<unknown>]>([
    ['organization', (w) => w.setState('erasing')],
    ['uploader', (w) => w.store.closeOwner({ organizationId: w.organizationId, ownerId: 'admin' })],
    ['user', (w) => w.store.closeOwner({ organizationId: w.organizationId, ownerId: w.userId })],
  ])('is superseded while the %s is being erased, and changes nothing', async (_who, close) => {
    const w = begin();
    const job = await w.started({ by: 'admin' });
    await close(w);
    const before = await w.everything();
    expect(await w.publish(job)).toBe('superseded');
    expect(await w.everything()).toEqual(before);
    expect(await w.supersede(job)).toBe('superseded');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('succeeds while the organization is only paused', async () => {
    const w = begin();
    const job = await w.started();
    await w.setState('paused');
    expect(await w.publish(job)).toBe('published');
  });

  it('of an unknown upload is refused, and creates nothing', async () => {
    const w = begin();
    expect(await w.publish({ uploadId: randomUUID(), leaseId: 'mine' })).toBe('lost_lease');
    expect(await w.avatar()).toBeUndefined();
  });
}

export function describeRetirement(begin: Begin): void {
  it('leaves the files of a replaced image for a day, and names those that are stored', async () => {
    const w = begin();
    const [whole, partly, last] = [await w.started(), await w.started(), await w.started()];
    await w.publish(whole);
    await w.publish(partly, { sizes: { small: { webp: 900 }, large: { webp: 900, jpg: 1_100 } } });
    w.pass(DAY / 2);
    await w.publish(last);
    const wholeName = { folder: whole.uploadId, original: 'png', removeAt: w.in(DAY / 2) };
    const thumbnails = ['small.webp', 'large.webp', 'large.jpg'];
    const partlyName = { folder: partly.uploadId, original: 'png', thumbnails, removeAt: w.in(DAY) };
    const avatar = await w.avatar();
    expect(avatar?.retired).toEqual([wholeName, partlyName]);
    expect(avatar?.workAt).toBe(w.in(DAY / 2));
  });

  it('of an image without an original names none', async () => {
    const w = begin();
    const job = await w.started();
    const { original: _, ...thumbnailsOnly } = w.image(job);
    await w.store.publishAvatar({ ...job, image: thumbnailsOnly, now: w.now() });
    await w.published();
    expect(await w.retired()).toEqual([{ folder: job.uploadId, removeAt: w.in(DAY) }]);
  });

  it('lets three versions wait, and makes the oldest due at once when there is a fourth', async () => {
    const w = begin();
    const jobs: Job[] = [];
    for (let count = 0; count < 6; count += 1) {
      jobs.push(await w.published());
      w.pass(1_000);
    }
    // One of them is published, and five were replaced: two of them to make room.
    const due = (await w.retired()).filter(({ removeAt }) => removeAt <= w.in(0));
    const waiting = (await w.retired()).filter(({ removeAt }) => removeAt > w.in(0));
    const folders = jobs.map(({ uploadId }) => uploadId);
    expect(due.map(({ folder }) => folder)).toEqual(folders.slice(0, 2));
    expect(waiting.map(({ folder }) => folder)).toEqual(folders.slice(2, 5));
    expect((await w.avatar())?.workAt).toBe(due.map(({ removeAt }) => removeAt).sort()[0]);
  });

  it('of a delete that has its second pass to come is not one of the three, and keeps its time', async () => {
    const w = begin();
    await w.published();
    await w.delete();
    await w.removeDue();
    const [second] = await w.retired();
    const jobs = [await w.published(), await w.published(), await w.published(), await w.published()];
    const replaced = jobs
      .slice(0, 3)
      .map(({ uploadId }) => ({ folder: uploadId, original: 'png', removeAt: w.in(DAY) }));
    expect(await w.retired()).toEqual([second, ...replaced]);
    expect((await w.avatar())?.workAt).toBe(second?.removeAt);
  });

  it('forgets a version whose files were removed, once, and is due when the next one is', async () => {
    const w = begin();
    const [first, second] = [await w.published(), await w.published()];
    w.pass(1_000);
    await w.published();
    const [due, waiting] = await w.retired();
    expect([due?.folder, waiting?.folder]).toEqual([first.uploadId, second.uploadId]);
    w.pass(DAY - 1_000);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => w.removeDue()));
    expect(outcomes.filter((outcome) => outcome === 'finished')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'stale')).toHaveLength(49);
    expect(await w.avatar()).toMatchObject({ retired: [waiting], workAt: waiting?.removeAt });
    w.pass(1_000);
    expect(await w.removeDue()).toBe('finished');
    const avatar = await w.avatar();
    expect(avatar).not.toHaveProperty('retired');
    expect(avatar).not.toHaveProperty('workAt');
    expect(avatar).not.toHaveProperty('expiresAt');
  });
}
