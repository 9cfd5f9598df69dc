import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetadataStore } from '../../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../../shared/metadata/sqlite/sqlite-record-store.ts';
import { describeMetadataStore } from '../../contracts/metadata-store.contract.ts';
import { describeRecordStore } from '../contract/commits.ts';

describeRecordStore('SqliteRecordStore', async () => {
  const store = new SqliteRecordStore({ path: ':memory:' });
  return { store, close: async () => store.close() };
});

describeMetadataStore('SqliteRecordStore in memory', async () => {
  const records = new SqliteRecordStore({ path: ':memory:' });
  return { store: createMetadataStore(records), close: async () => records.close() };
});

describeMetadataStore('SqliteRecordStore in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metadata-'));
  const records = new SqliteRecordStore({ path: join(folder, 'metadata.db') });
  return {
    store: createMetadataStore(records),
    close: async () => {
      records.close();
      await rm(folder, { recursive: true });
    },
  };
});
