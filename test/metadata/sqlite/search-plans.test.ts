import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';

const NOW = new Date('2026-11-01T12:00:00.000Z');
const acme = { organizationId: 'acme' };
const seesAll = { visibleTo: { ownerId: 'ada', seesPrivate: true }, limit: 10 };

/** Each statement is planned as it is prepared: none may read a whole table, nor sort more than a page. */
describe('a search', () => {
  let store: SqliteRecordStore;
  let planned: string[];
  beforeEach(() => {
    store = new SqliteRecordStore({ path: ':memory:' });
    planned = [];
    const prepare = DatabaseSync.prototype.prepare;
    vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql) {
      const steps = prepare.call(this, `EXPLAIN QUERY PLAN ${sql}`).all();
      planned.push(...steps.map(({ detail }) => String(detail)));
      return prepare.call(this, sql);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    store.close();
  });

  const indexesOf = async (search: () => unknown) => {
    await search();
    const isSorted = (step: string, index: number) => /TEMP B-TREE/.test(step) && !isOnePage(planned[index - 1]);
    expect(planned.filter((step, index) => /^SCAN (?!\(subquery)/.test(step) || isSorted(step, index))).toEqual([]);
    return planned.map((step) => /^SEARCH \S+ USING INDEX (\w+)/.exec(step)?.[1]).filter((name) => name !== undefined);
  };
  /** What a limited subquery has found: merging three of them takes a sort of each. */
  const isOnePage = (step: string | undefined) => step?.startsWith('SCAN (subquery') === true;

  it('for due work reads the index of each kind', async () => {
    const due = ['uploadsDue', 'avatarsDue', 'attachmentsDue'];
    expect(await indexesOf(() => store.dueWork({ shard: 0, now: NOW, limit: 10 }))).toEqual(due);
  });

  it('for the open uploads of one person reads their index, in its order', async () => {
    expect(await indexesOf(() => store.openUploads({ ...acme, ownerId: 'ada' }))).toEqual(['uploadsOpen']);
  });

  it.each([
    ['everything', {}, 'attachmentsOfOrganization'],
    ['one uploader', { ownerId: 'ada' }, 'attachmentsOfOwner'],
    ['one context', { contextId: 'chat' }, 'attachmentsOfContext'],
    ['one context and uploader', { contextId: 'chat', ownerId: 'ada' }, 'attachmentsOfContext'],
    ['one type', { typePrefix: 'image/' }, 'attachmentsOfOrganization'],
    ['a caller who sees less', { visibleTo: { ownerId: 'ada', seesPrivate: false } }, 'attachmentsOfOrganization'],
  ])('for attachments, of %s, reads one index, in its order', async (_, filter, index) => {
    expect(await indexesOf(() => store.listAttachments({ ...acme, ...seesAll, ...filter }))).toEqual([index]);
    planned = [];
    const next = { ...acme, ...seesAll, ...filter, cursor: '2026-11-01T11:00:00.000Z one' };
    expect(await indexesOf(() => store.listAttachments(next))).toEqual([index]);
    expect(planned).toEqual([expect.stringContaining('(createdAt,fileId)<(?,?)')]);
  });

  it('for the usage of an organization reads the indexes of what it holds', async () => {
    const indexes = await indexesOf(() => store.countUsage(acme));
    expect(indexes.toSorted()).toEqual([expect.stringMatching(/^attachmentsOf/), 'avatarsPublished', 'uploadsOpen']);
  });

  it('for expired records reads the index of each kind', async () => {
    const expiring = ['uploadsExpiring', 'avatarsExpiring', 'requestsExpiring'];
    expect(await indexesOf(() => store.removeExpired({ now: NOW }))).toEqual(expiring);
  });
});
