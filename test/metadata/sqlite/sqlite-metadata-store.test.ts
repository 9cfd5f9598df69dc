import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteMetadataStore } from '../../../shared/metadata/sqlite/sqlite-metadata-store.ts';
import { describeMetadataStore } from '../../contracts/metadata-store.contract.ts';

describeMetadataStore('SqliteMetadataStore in memory', async () => {
  const store = new SqliteMetadataStore({ path: ':memory:' });
  return { store, close: async () => store.close() };
});

describeMetadataStore('SqliteMetadataStore in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'metadata-'));
  const store = new SqliteMetadataStore({ path: join(folder, 'metadata.db') });
  return {
    store,
    close: async () => {
      store.close();
      await rm(folder, { recursive: true });
    },
  };
});
