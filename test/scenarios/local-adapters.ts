import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { openHiddenFolder } from '../../functions/local/hidden-folder.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { SqliteRecordStore } from '../../shared/metadata/sqlite/sqlite-record-store.ts';
import { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
import type { OpenAdapters } from './world.ts';

/** In memory where possible: most of what these worlds do is waiting for a disk, and none outlives its test. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The adapters of local mode over a new folder, which is removed at the end. */
export const openLocalAdapters: OpenAdapters = async () => {
  const directory = await mkdtemp(join(PARENT, 'world-'));
  const { database } = await openHiddenFolder(directory);
  const records = new SqliteRecordStore({ path: database });
  const baseUrl = 'http://127.0.0.1:3000';
  const storage = new LocalStorageBackend({ directory, baseUrl, secret: Buffer.alloc(32, 'secret') });
  return {
    storage,
    metadata: createMetadataStore(records),
    records,
    async sendPart({ key, url }, bytes) {
      const query = new URL(url).searchParams;
      const [multipartId, partNumber] = [query.get('uploadId') ?? '', Number(query.get('partNumber'))];
      const part = { body: Readable.from([bytes]), contentLength: bytes.length };
      return (await storage.uploadPart({ key, multipartId, partNumber, ...part })).eTag;
    },
    async close() {
      records.close();
      await rm(directory, { recursive: true });
    },
  };
};
