import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, HOUR, type World } from './world.ts';

export function describeAttachmentPublications(begin: Begin): void {
  it('makes an attachment of what was written and what its upload described, and ends the upload as ready', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const described = {
      filename: 'holiday.jpg',
      visibility: 'private',
      contextId: 'room #7',
      metadata: { caption: 'at the sea' },
      description: 'a boat\non the sea',
      keepMetadata: true,
    } as const;
    const upload = await a.issue({ ...described, contentType: 'image/pjpeg', bytes: 100 });
    w.pass(HOUR);
    const job = await w.start(upload);
    const written = a.file({
      contentType: 'image/jpeg',
      size: 90,
      sha256: 'c2hh',
      metadataStripped: true,
      width: 640,
      height: 480,
      thumbHash: 'aGFzaA==',
      preview: { key: storageKeyOf('previews/2026/11/file.webp'), bytes: 7, width: 320, height: 240 },
    });
    expect(await a.publish(job, written)).toBe('published');
    const expected = {
      ...written,
      ...described,
      fileId: upload.uploadId,
      status: 'ready',
      organizationId: w.organizationId,
      ownerId: w.userId,
      draft: false,
      declaredType: 'image/pjpeg',
      chargedBytes: 100,
      createdAt: upload.createdAt,
      revision: 1,
    };
    expect(await a.find(upload.uploadId)).toEqual(expected);
    expect(await w.store.getAttachments([randomUUID(), upload.uploadId])).toEqual([undefined, expected]);
    const ended = await w.upload(job.uploadId);
    expect(ended).toMatchObject({ status: 'ready', finishedAt: w.in(0), cleanUp: 'first', workAt: ended?.leaseUntil });
  });

  it('keeps the charge, and is no longer an open upload', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    await a.started({ bytes: 30 });
    const version = (await w.organization())?.version ?? 0;
    await a.published({ bytes: 100 });
    expect(await w.held()).toEqual({ bytes: 130, files: 2, openUploads: 1 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 1 });
    expect(await w.organization()).toMatchObject({ version: version + 2 });
  });

  it('of a draft is due a day later', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started({ draft: true });
    w.pass(HOUR);
    await a.publish(job);
    expect(await a.find(job.uploadId)).toMatchObject({ draft: true, workAt: w.in(DAY) });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 0 });
  });

  it('happens once, also when its worker repeats it 50 times at once', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.publish(job)));
    expect(new Set(outcomes)).toEqual(new Set(['published']));
    expect(await w.held()).toEqual({ bytes: 100, files: 1, openUploads: 0 });
    expect(await w.owner()).toMatchObject({ pendingUploads: 0, sentUploads: 0 });
  });

  it('is `published` again after the attachment was changed, deleted and forgotten, and restores nothing', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started();
    await a.publish(job);
    await a.update(job.uploadId, { filename: 'renamed.pdf' });
    expect(await a.publish(job)).toBe('published');
    expect(await a.find(job.uploadId)).toMatchObject({ filename: 'renamed.pdf', revision: 2 });
    await a.delete(job.uploadId);
    await a.forget(job.uploadId);
    expect(await a.publish(job)).toBe('published');
    expect(await a.find(job.uploadId)).toBeUndefined();
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('is that of one of two workers', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const slow = await a.started();
    w.pass(HOUR);
    const quick = await w.start(slow);
    expect(await a.publish(slow, { eTag: 'slow' })).toBe('lost_lease');
    expect(await a.publish(quick, { eTag: 'quick' })).toBe('published');
    expect(await a.publish(slow, { eTag: 'slow' })).toBe('lost_lease');
    expect(await a.find(slow.uploadId)).toMatchObject({ eTag: 'quick' });
  });

  it('requires a lease on an upload of an attachment', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { uploadId } = await a.issue();
    const before = [await w.upload(uploadId), await w.everything()];
    expect(await a.publish({ uploadId, leaseId: 'guessed' })).toBe('lost_lease');
    expect(await a.publish({ uploadId: randomUUID(), leaseId: 'mine' })).toBe('lost_lease');
    expect([await w.upload(uploadId), await w.everything()]).toEqual(before);

    const avatar = await w.started();
    expect(await a.publish(avatar)).toBe('lost_lease');
    expect(await w.publish(avatar)).toBe('published');
    expect(await a.publish(avatar)).toBe('lost_lease');
    expect(await a.find(avatar.uploadId)).toBeUndefined();
  });

  it.each<[string, (w: World) => Promise<unknown>]>([
    ['organization', (w) => w.setState('erasing')],
    ['uploader', (w) => w.store.closeOwner({ organizationId: w.organizationId, ownerId: w.userId })],
  ])('is superseded while the %s is being erased, and changes nothing', async (_who, close) => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started();
    await close(w);
    const before = [await w.upload(job.uploadId), await w.everything()];
    expect(await a.publish(job)).toBe('superseded');
    expect([await w.upload(job.uploadId), await w.everything()]).toEqual(before);
    expect(await a.find(job.uploadId)).toBeUndefined();
    expect(await w.supersede(job)).toBe('superseded');
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('succeeds while the organization is only paused, and another person is being erased', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started();
    await w.setState('paused');
    await w.store.closeOwner({ organizationId: w.organizationId, ownerId: 'leaver' });
    expect(await a.publish(job)).toBe('published');
  });
}
