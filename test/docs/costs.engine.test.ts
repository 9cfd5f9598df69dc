import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { expect, it, onTestFinished } from 'vitest';
import type { Dependencies } from '../../shared/dependencies.ts';
import { renderer } from '../../shared/images/renderer.ts';
import { DynamoDbRecordStore } from '../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore } from '../../shared/metadata/metadata-store.ts';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { createAvatarUploadTicket } from '../../shared/uploads/create-upload-ticket.ts';
import { eicarScanner } from '../../shared/uploads/eicar-scanner.ts';
import { processUpload } from '../../shared/uploads/process-upload.ts';
import { intercept } from '../metadata/dynamodb/intercept.ts';
import { openTable } from '../metadata/dynamodb/open-table.ts';
import { interceptPort } from '../scenarios/intercepted-port.ts';
import { openLocalAdapters } from '../scenarios/local-adapters.ts';
import { type PlainColour, plainPicture } from '../scenarios/plain-pictures.ts';
import { tableAfter } from './tables.ts';

const manual = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** The number that the manual multiplies by a price. */
function documented(what: string): number {
  const row = tableAfter(manual, '<!-- cost: uploads -->').find(([name]) => name === what);
  return Number(row?.[1]);
}

type Counts = Record<'puts' | 'gets' | 'deletes' | 'readUnits' | 'tableUnits' | 'indexUnits', number>;
type Counter = keyof Counts;

/** One call of the port is one request to S3, as long as no other client writes the same key. */
const REQUESTS: Readonly<Record<string, Counter>> = {
  'storage.uploadFile': 'puts',
  'storage.listFiles': 'puts',
  'storage.getFileInfo': 'gets',
  'storage.downloadFile': 'gets',
  'storage.deleteFile': 'deletes',
};

/** Everything that a ticket and its worker need: DynamoDB, and a folder whose calls are counted as S3's. */
async function openService() {
  const counts: Counts = { puts: 0, gets: 0, deletes: 0, readUnits: 0, tableUnits: 0, indexUnits: 0 };
  const table = await openTable();
  const local = await openLocalAdapters();
  onTestFinished(() => Promise.all([local.close(), table.close()]).then(() => {}));
  intercept(table.client, async ({ operation, input, proceed }) => {
    input.ReturnConsumedCapacity = 'INDEXES';
    const answer = await proceed();
    const consumed = [answer.ConsumedCapacity].flat() as ConsumedCapacity[];
    const indexes = consumed.flatMap(({ GlobalSecondaryIndexes = {} }) => Object.values(GlobalSecondaryIndexes));
    counts.indexUnits += indexes.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    if (/Get/.test(operation))
      counts.readUnits += consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    // Not the engine's number: it adds the sizes of a transaction's items up before it rounds.
    else counts.tableUnits += operation === 'TransactWriteItems' ? 2 * (input.TransactItems as object[]).length : 1;
    return answer;
  });
  const storage = interceptPort('storage', local.storage, () => (call, proceed) => {
    const counter = REQUESTS[call];
    if (counter) counts[counter] += 1;
    return proceed();
  });
  const dependencies: Omit<Dependencies, 'edgeCache'> = {
    storage,
    metadata: createMetadataStore(new DynamoDbRecordStore({ client: table.client, tableName: table.tableName })),
    queues: { sendUpload: async () => {}, sendPurge: async () => {}, sendSweep: async () => {} },
    visibility: { change: async () => {} },
    renderer,
    scanner: eicarScanner,
    switches: async () => ({ uploadsPaused: false }),
    linkSecret: async () => ({ signing: Buffer.alloc(32), accepted: [] }),
    settings: {
      apiUrl: 'https://files.example.com/api/v1',
      claimNames: { subject: 'sub', organization: 'organization', roles: 'roles' },
      agentBinding: 'registered',
      avatarMaxBytes: 1024 ** 2,
      attachments: { maxBytes: 1024 ** 2, types: ['*'], multipartThreshold: 5 * 1024 ** 2, stripMaxBytes: 1024 ** 2 },
      organizationBytes: 1024 ** 3,
      organizationFiles: 100,
      openUploadsPerUser: 20,
      sentUploadsPerUser: 200,
      giveUpMilliseconds: 86_400_000,
      bucket: { name: 'files', keyPrefix: '' },
      leaseSeconds: 120,
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: { record: () => {} },
    clock: () => new Date(),
    newId: randomUUID,
    sleep: async () => {},
  };
  const sub = randomUUID();
  const avatar = { entityType: 'users', entityId: sub } as const;
  const principal = { sub, organizationId: randomUUID(), roles: new Set<string>() };

  /** What an upload counts, from its ticket to its picture. */
  async function upload(colour: PlainColour): Promise<Counts> {
    for (const counter of Object.keys(counts) as Counter[]) counts[counter] = 0;
    const { bytes, contentType } = await plainPicture(colour);
    const wish = { contentType, contentLength: bytes.length, method: 'PUT' } as const;
    const { uploadId, key } = await createAvatarUploadTicket(dependencies, { avatar, principal, wish });
    await storage.uploadFile({ key: key as StorageKey, body: bytes, contentType });
    expect(await processUpload(dependencies, { uploadId, receives: 1 })).toEqual({ result: 'published' });
    return { ...counts };
  }
  return { upload };
}

it('an upload that replaces a picture needs the requests and units that the manual reckons with', async () => {
  const { upload } = await openService();
  await upload('red');
  const { puts, gets, deletes, readUnits, tableUnits, indexUnits } = await upload('green');
  expect(puts).toBe(documented('S3 PUT and LIST'));
  expect(gets).toBe(documented('S3 GET and HEAD'));
  expect(deletes).toBe(documented('S3 DELETE'));
  expect([tableUnits, indexUnits]).toEqual([21, 23]);
  expect(tableUnits + indexUnits).toBe(documented('DynamoDB write units'));
  // Requests for the state come on top: how many depends on how long it takes.
  // The ticket also reads its own upload, which is absent: AWS charges for that, the engine does not.
  expect(readUnits + 1).toBe(documented('DynamoDB read units') - 8);
});
