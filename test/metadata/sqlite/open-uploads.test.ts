import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { SECOND, type World, world } from '../contract/world.ts';

describe('the open uploads of a person', () => {
  let records: SqliteRecordStore;
  let w: World;
  beforeEach(() => {
    records = new SqliteRecordStore({ path: ':memory:' });
    w = world(createMetadataStore(records), { bytes: 10_000, files: 1_000, pendingUploads: 200 });
  });
  afterEach(() => records.close());

  const found = async (ownerId = w.userId) => {
    const uploads = await records.openUploads({ organizationId: w.organizationId, ownerId });
    return uploads.map(({ uploadId }) => uploadId);
  };

  it('are listed the oldest first, pending ones and those in processing', async () => {
    const first = await w.issue();
    w.pass(SECOND);
    const second = await w.issue({ avatar: w.agent });
    await w.start(first);
    expect(await found()).toEqual([first.uploadId, second.uploadId]);
  });

  it('are all listed, however many', async () => {
    const issued: string[] = [];
    for (let count = 0; count < 101; count += 1) {
      issued.push((await w.issue()).uploadId);
      w.pass(SECOND);
    }
    expect(await found()).toEqual(issued);
  });

  it('are neither those of others nor those that have ended', async () => {
    await w.issue({ avatar: w.agent, by: 'another' });
    await w.published();
    const { uploadId } = await w.issue();
    await w.abort(uploadId);
    expect(await found()).toEqual([]);
    expect(await found('another')).toHaveLength(1);
  });
});
