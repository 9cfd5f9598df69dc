import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { AttachmentChanges } from '../../../shared/metadata/transitions/attachments.ts';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { type Begin, DAY } from './world.ts';

export function describeAttachmentUpdates(begin: Begin): void {
  it.each<AttachmentChanges>([
    { filename: 'Überblick 📎.pdf' },
    { visibility: 'private' },
    { visibility: 'public' },
    { metadata: { caption: 'new' } },
    { metadata: {} },
    { description: 'two lines\nabout a boat' },
    { filename: 'all.pdf', visibility: 'public', metadata: { a: 'b' }, description: 'a boat', draft: false },
    {},
  ])('to %j changes that alone and increments the revision', async (changes) => {
    const w = begin();
    const a = attachmentsOf(w);
    const file = await a.published({ metadata: { caption: 'old', place: 'here' }, contextId: 'room' });
    const [organization] = await w.everything();
    const expected = { ...file, ...changes, revision: 2 };
    expect(await a.update(file.fileId, changes)).toEqual({ outcome: 'updated', file: expected });
    expect(await a.find(file.fileId)).toEqual(expected);
    expect(await w.organization()).toEqual(organization);
  });

  it('removes the description when it is to be empty, and keeps it otherwise', async () => {
    const a = attachmentsOf(begin());
    const { description, ...file } = await a.published({ description: 'a boat' });
    expect(description).toBe('a boat');
    expect(await a.update(file.fileId, { filename: 'b.pdf' })).toMatchObject({ file: { description } });
    const expected = { ...file, filename: 'b.pdf', revision: 3 };
    expect(await a.update(file.fileId, { description: '' })).toEqual({ outcome: 'updated', file: expected });
    expect(await a.find(file.fileId)).toEqual(expected);
    const again = await a.update(file.fileId, { description: '' });
    expect(again).toEqual({ outcome: 'updated', file: { ...expected, revision: 4 } });
  });

  it('sends a draft: it is listed from then on and no longer due', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { workAt, ...draft } = await a.published({ draft: true });
    expect(workAt).toBe(w.in(DAY));
    const updated = await a.update(draft.fileId, { draft: false });
    expect(updated).toEqual({ outcome: 'updated', file: { ...draft, draft: false, revision: 2 } });
    await expect.poll(() => a.list()).toEqual([draft.fileId]);
  });

  it('of a draft that is not sent leaves its end as it is', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ draft: true });
    await a.update(fileId, { filename: 'still-a-draft.pdf' });
    expect(await a.find(fileId)).toMatchObject({ draft: true, workAt: w.in(DAY) });
    expect(await a.list()).toEqual([]);
  });

  it('requires the revision that its caller has seen, if one is given', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    expect(await a.update(fileId, { filename: 'b.pdf' }, { seenRevision: 2 })).toEqual({
      outcome: 'revision_differs',
      revision: 1,
    });
    expect(await a.update(fileId, { filename: 'b.pdf' }, { seenRevision: 1 })).toMatchObject({ outcome: 'updated' });
    expect(await a.update(fileId, { filename: 'c.pdf' }, { seenRevision: 1 })).toEqual({
      outcome: 'revision_differs',
      revision: 2,
    });
    expect(await a.find(fileId)).toMatchObject({ filename: 'b.pdf', revision: 2 });
  });

  it('succeeds once of 50 times with the same revision', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published();
    const names = Array.from({ length: 50 }, (_, index) => `${index}.pdf`);
    const outcomes = await Promise.all(names.map((filename) => a.update(fileId, { filename }, { seenRevision: 1 })));
    const winner = outcomes.findIndex(({ outcome }) => outcome === 'updated');
    const losers = outcomes.filter((_, index) => index !== winner);
    expect(losers).toEqual(Array(49).fill({ outcome: 'revision_differs', revision: 2 }));
    expect(await a.find(fileId)).toMatchObject({ filename: names[winner], revision: 2 });
  });

  it('of 50 at once without a revision succeeds 50 times, and none undoes another', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ draft: true });
    const changes: AttachmentChanges[] = [
      { filename: 'renamed.pdf' },
      { visibility: 'private' },
      { metadata: { a: 'b' } },
      { draft: false },
      ...Array.from({ length: 46 }, () => ({})),
    ];
    const outcomes = await Promise.all(changes.map((change) => a.update(fileId, change)));
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['updated']));
    expect(await a.find(fileId)).toMatchObject({
      filename: 'renamed.pdf',
      visibility: 'private',
      metadata: { a: 'b' },
      draft: false,
      revision: 51,
    });
  });

  it.each([
    ['video/mp4', false],
    ['video/webm', true],
    ['image/jpeg', false],
    ['image/heic', false],
  ])('makes nothing public that keeps its metadata: %s, stripped: %s', async (contentType, metadataStripped) => {
    const w = begin();
    const a = attachmentsOf(w);
    const file = await a.published({ visibility: 'private', file: { contentType, metadataStripped } });
    expect(await a.update(file.fileId, { filename: 'b.pdf', visibility: 'public' })).toEqual({
      outcome: 'metadata_kept',
    });
    expect(await a.find(file.fileId)).toEqual(file);
    expect(await a.update(file.fileId, { visibility: 'organization' })).toMatchObject({ outcome: 'updated' });
  });

  it.each([
    ['image/jpeg', true],
    ['image/svg+xml', false],
    ['audio/webm', false],
    ['application/pdf', false],
  ])('makes public what has no metadata to keep: %s, stripped: %s', async (contentType, metadataStripped) => {
    const a = attachmentsOf(begin());
    const keepMetadata = !metadataStripped;
    const { fileId } = await a.published({
      keepMetadata,
      visibility: 'private',
      file: { contentType, metadataStripped },
    });
    expect(await a.update(fileId, { visibility: 'public' })).toMatchObject({
      outcome: 'updated',
      file: { visibility: 'public' },
    });
  });

  it.each<[string, (a: AttachmentWorld) => AttachmentWorld['asAdmin'], boolean, string]>([
    ['its uploader', (a) => a.asUploader, true, 'updated'],
    ['an admin', (a) => a.asAdmin, false, 'updated'],
    ['an admin, for a draft', (a) => a.asAdmin, true, 'not_allowed'],
    ['another member', (a) => ({ ...a.asAdmin, othersToo: false }), false, 'not_allowed'],
    ['an admin elsewhere', (a) => ({ ...a.asAdmin, organizationId: randomUUID() }), false, 'not_allowed'],
  ])('by %s is updated or refused', async (_who, accessIn, draft, outcome) => {
    const w = begin();
    const a = attachmentsOf(w);
    const file = await a.published({ draft });
    expect(await a.update(file.fileId, { filename: 'b.pdf' }, { access: accessIn(a) })).toMatchObject({ outcome });
    expect(await a.find(file.fileId)).toMatchObject({ revision: outcome === 'updated' ? 2 : 1 });
  });

  it('is checked in order: whether the attachment exists, access, the revision, whether it may be public', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ file: { contentType: 'video/mp4' } });
    const hopeless = { visibility: 'public' } as const;
    const access = { ...a.asAdmin, othersToo: false };
    expect(await a.update(fileId, hopeless, { seenRevision: 1 })).toMatchObject({ outcome: 'metadata_kept' });
    expect(await a.update(fileId, hopeless, { seenRevision: 7 })).toMatchObject({ outcome: 'revision_differs' });
    expect(await a.update(fileId, hopeless, { seenRevision: 7, access })).toEqual({ outcome: 'not_allowed' });
    await a.delete(fileId);
    expect(await a.update(fileId, hopeless, { seenRevision: 7, access })).toEqual({ outcome: 'absent' });
  });

  it('finds nothing that is unknown, not published yet, deleted or forgotten', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const job = await a.started();
    const { fileId } = await a.published();
    await a.delete(fileId);
    const deleted = await a.find(fileId);
    for (const id of [randomUUID(), job.uploadId, fileId]) {
      expect(await a.update(id, { filename: 'b.pdf' })).toEqual({ outcome: 'absent' });
    }
    expect(await a.find(fileId)).toEqual(deleted);
    await a.forget(fileId);
    expect(await a.update(fileId, { filename: 'b.pdf' })).toEqual({ outcome: 'absent' });
    expect(await a.find(fileId)).toBeUndefined();
  });

  it('does not restore what is deleted at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const w = begin();
      const a = attachmentsOf(w);
      const { fileId } = await a.published({ bytes: 100 });
      const changes = Array.from({ length: 10 }, () => a.update(fileId, { filename: 'b.pdf' }));
      await Promise.all([...changes, a.delete(fileId)]);
      expect(await a.find(fileId)).toMatchObject({ status: 'deleting' });
      expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    }
  });
}
