import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ListAttachmentsInput } from '../../../shared/metadata/record-store.ts';
import type { AttachmentRecord } from '../../../shared/metadata/records.ts';
import { type AttachmentWorld, attachmentsOf } from './attachment-world.ts';
import { type Begin, eventually, SECOND, type World } from './world.ts';

export function describeAttachmentLists(begin: Begin): void {
  it.each([1, 2, 3, 7, 100])('has the newest first, each once, in pages of %i', async (limit) => {
    const w = begin({ files: 20 });
    const a = attachmentsOf(w);
    const files: AttachmentRecord[] = [];
    for (let count = 0; count < 7; count += 1) {
      files.push(await a.published());
      w.pass(SECOND);
    }
    await expect.poll(() => a.list({ limit }), eventually).toEqual(idsOf(files.reverse()));
  });

  it('has those of one moment in the order of their ids, across pages', async () => {
    const w = begin({ files: 20 });
    const a = attachmentsOf(w);
    const files = await Promise.all(Array.from({ length: 7 }, () => a.published()));
    await expect.poll(() => a.list({ limit: 2 }), eventually).toEqual(idsOf(files).sort().reverse());
  });

  it('is in the order of the tickets, whichever was published first', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const slow = await a.started();
    w.pass(SECOND);
    const quick = await a.published();
    await a.publish(slow);
    await expect.poll(() => a.list(), eventually).toEqual([quick.fileId, slow.uploadId]);
  });

  it('returns the records as they are now', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const { fileId } = await a.published({ metadata: { caption: 'old' }, contextId: 'room' });
    await a.update(fileId, { metadata: { caption: 'new' } });
    await expect.poll(() => a.page(), eventually).toEqual({ items: [await a.find(fileId)] });
  });

  it('has neither drafts, nor what is deleted, nor open uploads', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const asked = { contextId: 'room' };
    await a.published({ ...asked, draft: true });
    await a.started(asked);
    await w.published();
    const deleted = await a.published(asked);
    const listed = await a.published(asked);
    for (const filter of [{}, asked, { ownerId: w.userId }]) {
      await expect.poll(() => a.list(filter), eventually).toEqual(expect.arrayContaining([deleted.fileId]));
    }
    await a.delete(deleted.fileId);
    for (const filter of [{}, asked, { ownerId: w.userId }]) {
      await expect.poll(() => a.list(filter), eventually).toEqual([listed.fileId]);
    }
  });

  it.each<[string, (ids: Record<string, string>) => (string | undefined)[], Partial<ListAttachmentsInput>]>([
    ['its uploader', ({ own, shared, open }) => [own, shared, open], {}],
    ['another member', ({ shared, open }) => [shared, open], { visibleTo: { ownerId: 'bob', seesPrivate: false } }],
    [
      'an admin',
      ({ own, shared, open }) => [own, shared, open],
      { visibleTo: { ownerId: 'admin', seesPrivate: true } },
    ],
    [
      'another member who asks for those of this uploader',
      ({ shared, open }) => [shared, open],
      { visibleTo: { ownerId: 'bob', seesPrivate: false }, ownerId: 'ada' },
    ],
    [
      'another member who asks for those of the context',
      ({ shared, open }) => [shared, open],
      { visibleTo: { ownerId: 'bob', seesPrivate: false }, contextId: 'room' },
    ],
  ])('shows what is private to %s or not', async (_who, expected, asked) => {
    const w = begin();
    const a = attachmentsOf(w);
    const publish = (visibility: AttachmentRecord['visibility']) =>
      a.published({ by: 'ada', visibility, contextId: 'room' });
    const ids = {
      own: (await publish('private')).fileId,
      shared: (await publish('organization')).fileId,
      open: (await publish('public')).fileId,
    };
    const list = () => a.list({ visibleTo: { ownerId: 'ada', seesPrivate: false }, ...asked });
    await expect.poll(async () => (await list()).sort(), eventually).toEqual(expected(ids).sort());
  });

  it('is narrowed by context, uploader and the start of the type, alone and together', async () => {
    const w = begin({ files: 20 });
    const a = attachmentsOf(w);
    const ids: Record<string, string> = {};
    for (const contextId of ['room', 'room #2']) {
      for (const by of ['ada', 'ada#room']) {
        for (const contentType of ['image/png', 'application/pdf']) {
          const { fileId } = await a.published({ contextId, by, file: { contentType } });
          ids[`${contextId} ${by} ${contentType}`] = fileId;
        }
      }
    }
    ids['no context'] = (await a.published({ by: 'ada' })).fileId;
    const named = async (filter: Partial<ListAttachmentsInput>) => {
      const found = new Set(await a.list({ ...filter, limit: 2 }));
      return Object.keys(ids).filter((name) => found.has(ids[name] ?? ''));
    };
    const narrowed: [Partial<ListAttachmentsInput>, RegExp][] = [
      [{}, /^/],
      [{ contextId: 'room' }, /^room (?!#)/],
      [{ contextId: 'room #2' }, /^room #2/],
      [{ contextId: 'roo' }, /^nothing/],
      [{ ownerId: 'ada' }, / ada |^no/],
      [{ ownerId: 'ada#room' }, / ada#room /],
      [{ typePrefix: 'image/' }, /image/],
      [{ typePrefix: 'image/png' }, /image/],
      [{ typePrefix: 'image/%' }, /^nothing/],
      [{ typePrefix: 'mage' }, /^nothing/],
      [{ contextId: 'room', ownerId: 'ada' }, /^room ada /],
      [{ contextId: 'room #2', ownerId: 'ada#room', typePrefix: 'image/' }, /^room #2 ada#room image/],
      [{ ownerId: 'ada', typePrefix: 'application/' }, / ada application|^no/],
    ];
    for (const [filter, names] of narrowed) {
      const expected = Object.keys(ids).filter((name) => names.test(name));
      await expect.poll(() => named(filter), eventually).toEqual(expected);
    }
  });

  it('comes to its end, each once, however few of many match the filter', async () => {
    const w = begin({ files: 60, pendingUploads: 60 });
    const a = attachmentsOf(w);
    const fitting: string[] = [];
    await inTurns(40, async (index) => {
      const fits = index % 13 === 0;
      const { fileId } = await a.published({
        contextId: 'room',
        file: { contentType: fits ? 'image/png' : 'text/plain' },
      });
      if (fits) fitting.push(fileId);
    });
    for (const filter of [{}, { contextId: 'room' }, { ownerId: w.userId }]) {
      const list = () => a.list({ ...filter, typePrefix: 'image/', limit: 1 });
      await expect.poll(async () => (await list()).sort(), eventually).toEqual(fitting.sort());
    }
  });

  it('goes on after what was deleted meanwhile, and repeats nothing', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    const files = await publishedInOrder(w, a, 5);
    await expect.poll(() => a.list(), eventually).toHaveLength(5);
    const first = await a.page({ limit: 2 });
    expect(idsOf(first.items)).toEqual(idsOf(files.slice(0, 2)));
    await a.published();
    for (const { fileId } of first.items) await a.delete(fileId);
    const rest = await a.page({ limit: 100, cursor: first.cursor ?? '' });
    expect(rest).toEqual({ items: files.slice(2) });
  });

  it('has no cursor on a full page that is the last one', async () => {
    const w = begin();
    const a = attachmentsOf(w);
    await publishedInOrder(w, a, 4);
    await expect.poll(() => a.list(), eventually).toHaveLength(4);
    expect(await a.page({ limit: 4 })).not.toHaveProperty('cursor');
    expect(await a.page({ limit: 3 })).toHaveProperty('cursor');
  });

  it('shows nothing of another organization, not even by its cursor', async () => {
    const [here, there] = [begin(), begin()];
    const [own, foreign] = [attachmentsOf(here), attachmentsOf(there)];
    await publishedInOrder(there, foreign, 3);
    const { fileId } = await own.published();
    await expect.poll(() => foreign.list(), eventually).toHaveLength(3);
    const { cursor = '' } = await foreign.page({ limit: 1 });
    await expect.poll(() => own.list(), eventually).toEqual([fileId]);
    for (const { organizationId } of (await own.page({ cursor })).items)
      expect(organizationId).toBe(here.organizationId);
    const filters = [{ ownerId: there.userId }, { contextId: 'room' }];
    for (const filter of filters) expect(await own.list(filter)).toEqual([]);
  });

  it('is not returned for a cursor that no page gave', async () => {
    const a = attachmentsOf(begin());
    for (const cursor of ['', randomUUID(), 'FILE#1', '2026-11-25T00:00:00.000Z']) {
      await expect(a.page({ cursor })).rejects.toBeInstanceOf(RangeError);
    }
  });

  it('of nothing is empty and has no cursor', async () => {
    const a = attachmentsOf(begin());
    expect(await a.page()).toEqual({ items: [] });
    expect(await a.page({ contextId: 'room', limit: 1 })).toEqual({ items: [] });
  });

  it('is apart from reads by id, which return up to 100 in the order of the request', async () => {
    const w = begin({ files: 40, pendingUploads: 40 });
    const a = attachmentsOf(w);
    const known: string[] = [];
    await inTurns(33, async () => known.push((await a.published({ bytes: 1 })).fileId));
    const asked = Array.from({ length: 100 }, (_, index) => (index % 3 === 1 ? known[(index - 1) / 3] : randomUUID()));
    const found = await w.store.getAttachments(asked as string[]);
    expect(found.map((file) => file?.fileId)).toEqual(asked.map((id, index) => (index % 3 === 1 ? id : undefined)));
    expect(await w.store.getAttachments([])).toEqual([]);
  });
}

const idsOf = (files: readonly AttachmentRecord[]): string[] => files.map(({ fileId }) => fileId);

/** The newest first. */
async function publishedInOrder(w: World, a: AttachmentWorld, count: number): Promise<AttachmentRecord[]> {
  const files: AttachmentRecord[] = [];
  for (let published = 0; published < count; published += 1) {
    files.unshift(await a.published());
    w.pass(SECOND);
  }
  return files;
}

/** Four at once: more would only conflict with each other. */
async function inTurns(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  const lanes = Array.from({ length: 4 }, async (_, lane) => {
    for (let index = lane; index < count; index += 4) await act(index);
  });
  await Promise.all(lanes);
}
