import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY, SECOND } from './world.ts';

export function describeAttachmentDeletes(begin: Begin): void {
  const nothingHeld = { bytes: 0, files: 0, openUploads: 0 };

  it('hides the attachment, releases its charge and makes the removal of its objects due', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const file = await a.published({ bytes: 100, contextId: 'room' });
    const version = (await w.organization())?.version ?? 0;
    w.pass(SECOND);
    expect(await a.delete(file.fileId)).toBe('deleted');
    expect(await a.find(file.fileId)).toEqual({ ...file, status: 'deleting', workAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
    expect(await w.organization()).toMatchObject({ version: version + 1 });
  });

  it('is `deleted` again until the objects are removed, and releases the charge once of 50 times', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    await a.published({ bytes: 30 });
    const { fileId } = await a.published({ bytes: 100 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.delete(fileId)));
    expect(new Set(outcomes)).toEqual(new Set(['deleted']));
    expect(await w.held()).toEqual({ bytes: 30, files: 1, openUploads: 0 });
    await a.forget(fileId);
    expect(await a.delete(fileId)).toBe('absent');
  });

  it('by a second caller leaves the attachment due since the first time', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    await a.delete(fileId);
    const deleted = await a.find(fileId);
    w.pass(SECOND);
    expect(await a.delete(fileId, a.asAdmin)).toBe('deleted');
    expect(await a.find(fileId)).toEqual(deleted);
  });

  it.each<[string, (a: AttachmentWorld) => AttachmentWorld['asAdmin'], boolean, string]>([
    ['its uploader', (a) => a.asUploader, false, 'deleted'],
    ['an admin', (a) => a.asAdmin, false, 'deleted'],
    ['another member', (a) => ({ ...a.asAdmin, othersToo: false }), false, 'not_allowed'],
    ['an admin of another organization', (a) => ({ ...a.asAdmin, organizationId: randomUUID() }), false, 'not_allowed'],
    ['its uploader with a token of another organization', elsewhere, false, 'not_allowed'],
    ['the uploader of a draft', (a) => a.asUploader, true, 'deleted'],
    ['an admin, for the draft of another user', (a) => a.asAdmin, true, 'not_allowed'],
  ])('by %s has the same outcome before and after it is deleted', async (_who, accessIn, draft, outcome) => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ draft });
    const before = [await a.find(fileId), await w.everything()];
    expect(await a.delete(fileId, accessIn(a))).toBe(outcome);
    if (outcome === 'not_allowed') expect([await a.find(fileId), await w.everything()]).toEqual(before);
    await a.delete(fileId);
    expect(await a.delete(fileId, accessIn(a))).toBe(outcome);
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('finds nothing where nothing is published', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started();
    expect(await a.delete(job.uploadId)).toBe('absent');
    expect(await a.delete(randomUUID())).toBe('absent');
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it('while it is being published leaves either an attachment or none, never half of one', async () => {
    for (let round = 0; round < 10; round += 1) {
      const w = begin();
      const a = attachmentsOf(w);
      const job = await a.started({ bytes: 100 });
      const [outcome] = await Promise.all([a.delete(job.uploadId), a.publish(job)]);
      const status = outcome === 'deleted' ? 'deleting' : 'ready';
      expect(await a.find(job.uploadId)).toMatchObject({ status });
      const kept = { bytes: 100, files: 1, openUploads: 0 };
      expect(await w.held()).toEqual(outcome === 'deleted' ? nothingHeld : kept);
    }
  });

  it('of a draft is automatic when its day is over, not before, and happens once of 50 times', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ draft: true, bytes: 100 });
    w.pass(DAY - SECOND);
    expect(await a.expireDraft(fileId)).toBe('not_due');
    w.pass(SECOND);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.expireDraft(fileId)));
    expect(outcomes.filter((outcome) => outcome === 'expired')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'not_due')).toHaveLength(49);
    expect(await a.find(fileId)).toMatchObject({ status: 'deleting', workAt: w.in(0) });
    expect(await w.held()).toEqual(nothingHeld);
  });

  it('is never automatic for what is no draft: sent in time, never one, deleted, unknown', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const sent = await a.published({ draft: true });
    await a.update(sent.fileId, { draft: false });
    const never = await a.published();
    const deleted = await a.published({ draft: true });
    await a.delete(deleted.fileId);
    w.pass(2 * DAY);
    for (const fileId of [sent.fileId, never.fileId, deleted.fileId, randomUUID()]) {
      expect(await a.expireDraft(fileId)).toBe('not_due');
    }
    expect(await w.held()).toMatchObject({ files: 2 });
  });

  it('of a draft that is sent at the same moment leaves it either sent or deleted', async () => {
    for (let round = 0; round < 10; round += 1) {
      const w = begin();
      const a = attachmentsOf(w);
      const { fileId } = await a.published({ draft: true });
      w.pass(DAY);
      const [expired, sent] = await Promise.all([a.expireDraft(fileId), a.update(fileId, { draft: false })]);
      expect([expired, sent.outcome]).toEqual(expired === 'expired' ? ['expired', 'absent'] : ['not_due', 'updated']);
      expect(await w.held()).toMatchObject({ files: expired === 'expired' ? 0 : 1 });
    }
  });

  it('is forgotten when its objects are removed, which changes no quota, and nothing else is ever forgotten', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    expect(await a.forget(fileId)).toBe('not_deleted');
    expect(await a.find(fileId)).toMatchObject({ status: 'ready' });
    await a.delete(fileId);
    const organization = await w.organization();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => a.forget(fileId)));
    expect(new Set(outcomes)).toEqual(new Set(['forgotten']));
    expect(await a.find(fileId)).toBeUndefined();
    expect(await w.organization()).toEqual(organization);
    expect(await w.upload(fileId)).toMatchObject({ status: 'ready' });
  });

  it('succeeds while the organization is paused, and while it is being erased', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const [first, second] = [await a.published(), await a.published()];
    await w.setState('paused');
    expect(await a.delete(first.fileId)).toBe('deleted');
    await w.setState('erasing');
    expect(await a.delete(second.fileId)).toBe('deleted');
    expect(await w.held()).toEqual(nothingHeld);
  });
}

function elsewhere({ asUploader }: AttachmentWorld): AttachmentWorld['asUploader'] {
  return { ...asUploader, organizationId: randomUUID() };
}
