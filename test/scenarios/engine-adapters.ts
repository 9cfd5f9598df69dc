import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import type { UploadTicket } from '../../shared/api/schemas.ts';
import { ObjectExistsError } from '../../shared/errors.ts';
import { DynamoDbRecordStore } from '../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import { prefixStorage } from '../../shared/storage/prefixed-storage-backend.ts';
import { openTable } from '../metadata/dynamodb/open-table.ts';
import { openS3Storage } from '../storage/s3/open-s3-storage.ts';
import type { OpenAdapters } from './world.ts';

/** The adapters of AWS over the running engines: a table of its own, and a prefix of its own in the bucket. */
export const openEngineAdapters: OpenAdapters = async () => {
  const table = await openTable();
  const { client, tableName } = table;
  const records = new DynamoDbRecordStore({ client, tableName });
  const s3 = openS3Storage();
  const prefix = `world-${randomUUID()}`;
  return {
    storage: prefixStorage({ backend: s3.backend, prefix }),
    metadata: createMetadataStore(records),
    records,
    bucket: { name: s3.options.bucket, keyPrefix: `${prefix}/` },
    sendBytes,
    sendPart,
    async close() {
      await client.send(new DeleteTableCommand({ TableName: tableName }));
      await table.close();
      await s3.close();
    },
  };
};

/** PUT with the ticket's headers, or a form with its fields and then the file, to the engine itself. */
async function sendBytes({ key, method, url, headers, fields }: UploadTicket, bytes: Uint8Array): Promise<void> {
  const body = new Uint8Array(bytes);
  const response = await fetch(url, method === 'PUT' ? { method, headers: headers ?? {}, body } : formOf(fields, body));
  if (response.status === 412) throw new ObjectExistsError(key);
  if (!response.ok) throw new Error(`the engine responded with ${response.status}: ${await response.text()}`);
}

async function sendPart({ url }: { readonly url: string }, bytes: Uint8Array): Promise<string> {
  const response = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  if (!response.ok) throw new Error(`the engine responded with ${response.status}: ${await response.text()}`);
  return response.headers.get('etag') ?? '';
}

function formOf(fields: UploadTicket['fields'] = {}, bytes: Uint8Array<ArrayBuffer>) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append('file', new Blob([bytes]));
  return { method: 'POST', body };
}
