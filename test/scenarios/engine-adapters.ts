import { randomUUID } from 'node:crypto';
import { DynamoDbMetadataStore } from '../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import { prefixStorage } from '../../shared/storage/prefixed-storage-backend.ts';
import { openTable } from '../metadata/dynamodb/open-table.ts';
import { openS3Storage } from '../storage/s3/open-s3-storage.ts';
import type { OpenAdapters } from './world.ts';

/** The adapters of AWS over the running engines: a table of its own, and a prefix of its own in the bucket. */
export const openEngineAdapters: OpenAdapters = async () => {
  const table = await openTable();
  const s3 = openS3Storage();
  return {
    storage: prefixStorage({ backend: s3.backend, prefix: `world-${randomUUID()}` }),
    metadata: new DynamoDbMetadataStore({ client: table.client, tableName: table.tableName }),
    async close() {
      await table.close();
      await s3.close();
    },
  };
};
