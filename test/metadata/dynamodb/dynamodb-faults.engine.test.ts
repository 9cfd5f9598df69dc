import { DynamoDBClient, DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { DependencyUnavailableError, InvalidConfigurationError, StorageDeniedError } from '../../../shared/errors.ts';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { createMetadataStore, type MetadataStore } from '../../../shared/metadata/metadata-store.ts';
import type { AttachmentRecord } from '../../../shared/metadata/records.ts';
import { freePorts } from '../../engines/engine-process.ts';
import { type AttachmentWorld, attachmentsOf } from '../contract/attachment-world.ts';
import { DAY, HOUR, type World, world } from '../contract/world.ts';
import { type Call, intercept } from './intercept.ts';
import { type OpenedTable, openTable } from './open-table.ts';

let table: OpenedTable;
beforeAll(async () => {
  table = await openTable();
});
afterAll(() => table.close());

let pauses: number[];
let w: World;
let restore: () => void;
beforeEach(() => {
  pauses = [];
  w = world(storeOf(table));
  restore = () => {};
});
afterEach(() => restore());

function storeOf({ client, tableName }: { client: DynamoDBClient; tableName: string }): MetadataStore {
  const sleep = async (milliseconds: number) => {
    pauses.push(milliseconds);
  };
  return createMetadataStore(new DynamoDbRecordStore({ client, tableName, sleep }));
}

/** Responds to every request of this operation in place of the engine; the first one is number 1. */
function at(operation: string, respond: (call: Call, number: number) => Promise<unknown>): readonly Call[] {
  const calls: Call[] = [];
  restore = intercept(table.client, async (call) => {
    if (call.operation !== operation) return call.proceed();
    calls.push(call);
    return respond(call, calls.length);
  });
  return calls;
}

function fault(name: string, httpStatusCode = 400): Error {
  return new DynamoDBServiceException({ name, message: `${name}!`, $fault: 'client', $metadata: { httpStatusCode } });
}

function cancelled(...codes: string[]): Error {
  const CancellationReasons = codes.map((Code) => ({ Code }));
  return new TransactionCanceledException({ message: 'cancelled', $metadata: {}, CancellationReasons });
}

const BUSY: [string, () => Error][] = [
  ['too much throughput', () => fault('ProvisionedThroughputExceededException')],
  ['throttling', () => fault('ThrottlingException')],
  ['a limit of requests', () => fault('RequestLimitExceeded')],
  ['its own transaction still in progress', () => fault('TransactionInProgressException')],
  ['a transaction cancelled by throttling', () => cancelled('None', 'ThrottlingError', 'None', 'None')],
  ['a transaction cancelled by throughput', () => cancelled('ProvisionedThroughputExceeded', 'None', 'None', 'None')],
];

describe('a busy table', () => {
  it.each(BUSY)('(%s) is sent the very same transaction up to 8 times', async (_why, busy) => {
    const calls = at('TransactWriteItems', async ({ proceed }, number) => {
      if (number < 8) throw busy();
      return proceed();
    });
    expect(await w.ask()).toMatchObject({ outcome: 'issued' });
    expect(calls).toHaveLength(8);
    const tokens = new Set(calls.map(({ input }) => input.ClientRequestToken));
    expect([...tokens]).toEqual([expect.any(String)]);
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it.each(BUSY)('(%s) is unavailable after that', async (_why, busy) => {
    const calls = at('TransactWriteItems', async () => {
      throw busy();
    });
    const ticket = w.ask();
    await expect(ticket).rejects.toBeInstanceOf(DependencyUnavailableError);
    await expect(ticket).rejects.toMatchObject({ retryable: true, cause: { name: busy().name } });
    expect(calls).toHaveLength(8);
  });

  it('is tried again after 20 to 300 ms, at random', async () => {
    at('GetItem', async () => {
      throw fault('ThrottlingException');
    });
    await expect(w.upload('any')).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(pauses).toHaveLength(7);
    expect(new Set(pauses).size).toBe(7);
    for (const pause of pauses) expect(pause).toSatisfy((ms: number) => ms >= 20 && ms <= 300);
  });

  it('is sent the keys again that it left out of a batch, and the order is kept', async () => {
    const agents = Array.from({ length: 10 }, () => w.anotherAgent());
    await Promise.all(agents.map((avatar) => w.issue({ avatar, bytes: 1 })));
    const calls = at('BatchGetItem', async ({ proceed }, number) => (number < 4 ? halfOf(await proceed()) : proceed()));
    const found = await w.store.getAvatars(agents);
    expect(found.map((avatar) => avatar?.entityId)).toEqual(agents.map(({ entityId }) => entityId));
    expect(calls).toHaveLength(4);
  });

  it('that leaves keys out 8 times is unavailable', async () => {
    const calls = at('BatchGetItem', async ({ input }) => ({ UnprocessedKeys: input.RequestItems }));
    await expect(w.store.getAvatars([w.user, w.agent])).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(calls).toHaveLength(8);
  });

  /** The response of a table that is too busy for the second half of the keys. */
  function halfOf(output: Record<string, unknown>): unknown {
    const items = (output.Responses as Record<string, { pk: string }[]>)[table.tableName] ?? [];
    const half = Math.ceil(items.length / 2);
    const left = items.slice(half).map(({ pk }) => ({ pk }));
    return {
      Responses: { [table.tableName]: items.slice(0, half) },
      UnprocessedKeys: left.length > 0 ? { [table.tableName]: { Keys: left } } : {},
    };
  }
});

describe('a transaction that conflicts with another one', () => {
  const conflict = () => cancelled('None', 'TransactionConflict', 'None', 'None');

  it('is decided anew, by what the other one left', async () => {
    const { uploadId } = await w.issue();
    const rival = storeOf({ client: table.connect(), tableName: table.tableName });
    at('TransactWriteItems', async ({ proceed }, number) => {
      if (number > 1) return proceed();
      await rival.abortUpload({ uploadId, now: w.now() });
      throw conflict();
    });
    expect(await w.abort(uploadId)).toMatchObject({ outcome: 'finished', upload: { status: 'aborted' } });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
    expect(pauses).toHaveLength(1);
  });

  it('is unavailable when it conflicts each time, and has written nothing', async () => {
    const tokens = new Set<unknown>();
    const calls = at('TransactWriteItems', async ({ input }) => {
      tokens.add(input.ClientRequestToken);
      throw conflict();
    });
    await expect(w.ask()).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(calls).toHaveLength(30);
    expect(tokens.size).toBe(30);
    restore();
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
  });
});

describe('a response that was lost after the write', () => {
  type Act = () => Promise<unknown>;

  /** What is done, what the repeated call returns, and how many uploads are open in the end. */
  const transitions: [string, (w: World) => Promise<Act>, unknown, number][] = [
    ['a ticket', async (w) => once(w.ticket(), (upload) => w.ask({ upload })), outcome('issued'), 1],
    ['a ticket with a key', async (w) => () => w.ask({ request: w.request() }), outcome('replayed'), 1],
    ['a renewal', async (w) => once(await w.issue(), (one) => w.renew(one.uploadId)), outcome('renewed'), 1],
    ['the arrival of bytes', async (w) => once(await w.issue(), (one) => w.markSent(one.uploadId)), 'unchanged', 1],
    [
      'a begin, however late it is repeated,',
      async (w) => once(await w.issue(), (one) => w.begin(one, { leaseId: 'mine' }).finally(() => w.pass(HOUR))),
      expect.objectContaining({ outcome: 'begun', upload: expect.objectContaining({ attempts: 1, leases: 1 }) }),
      1,
    ],
    ['a deferral', async (w) => once(await w.started(), (job) => w.defer(job)), 'not_held', 1],
    ['a lapse', async (w) => once(await w.started(), (job) => w.lapse(job.uploadId)), 'unchanged', 1],
    ['a redrive', async (w) => once(await w.issue(), (one) => w.redrive(one.uploadId, one.workAt)), 'stale', 1],
    ['a publication', async (w) => once(await w.started(), (job) => w.publish(job)), 'published', 0],
    ['a rejection', async (w) => once(await w.started(), w.reject), 'rejected', 0],
    ['a supersession', async (w) => once(await w.started(), w.supersede), 'superseded', 0],
    ['an abort', async (w) => once(await w.issue(), (one) => w.abort(one.uploadId)), outcome('finished'), 0],
    ['an expiry', async (w) => once(await overdue(w), (one) => w.expire(one.uploadId)), 'not_due', 0],
    [
      'a clean-up',
      async (w) => once(await w.ended(w.reject), (job) => w.finishCleanUp(job.uploadId, 'first')),
      'stale',
      0,
    ],
    ['a delete', async (w) => once(await w.published(), () => w.delete()), outcome('absent'), 0],
    ['a removal of files', async (w) => once(await deletedFiles(w), (removed) => w.remove(removed)), 'stale', 0],
    [
      'the publication of an attachment',
      async (w) => once(await attachmentsOf(w).started(), (job) => attachmentsOf(w).publish(job)),
      'published',
      0,
    ],
    ['the delete of an attachment', async (w) => onFile(w, (a, { fileId }) => a.delete(fileId)), 'deleted', 0],
    ['the end of a draft', async (w) => onFile(w, (a, { fileId }) => a.expireDraft(fileId), DAY), 'not_due', 0],
    [
      'a change of an attachment',
      async (w) => onFile(w, (a, { fileId }) => a.update(fileId, {}, { seenRevision: 1 })),
      { outcome: 'revision_differs', revision: 2 },
      0,
    ],
    ['the removal of an attachment', async (w) => onFile(w, deleteAndForget), 'forgotten', 0],
    [
      'a repaired quota',
      async (w) => once(await w.issue(), () => w.store.setUsage({ ...w, seenVersion: 1, bytes: 0, files: 0 })),
      { outcome: 'stale' },
      1,
    ],
  ];

  it.each(transitions)(
    'of %s is unavailable, and the repeated call does nothing more',
    async (_what, prepare, again, open) => {
      const act = await prepare(w);
      loseResponses('request', 1);
      await expect(act()).rejects.toBeInstanceOf(DependencyUnavailableError);
      restore();
      const before = [await w.held(), await w.owner(), await w.avatar()];
      expect(await act()).toEqual(again);
      expect([await w.held(), await w.owner(), await w.avatar()]).toEqual(before);
      expect(await w.held()).toMatchObject({ openUploads: open });
    },
  );

  it('of limits is unavailable, and the repeated call leaves what is held', async () => {
    await w.issue();
    const act = () => w.setLimits({ bytesLimit: 9, filesLimit: 9 });
    loseResponses('request', 1);
    await expect(act()).rejects.toBeInstanceOf(DependencyUnavailableError);
    restore();
    expect(await act()).toMatchObject({ bytesLimit: 9, bytesFree: -1, filesFree: 8 });
    expect(await w.held()).toEqual({ bytes: 10, files: 1, openUploads: 1 });
  });

  it.each<[string, (w: World) => Promise<Act>, unknown, number]>([
    ['a ticket', async (w) => () => w.ask(), outcome('issued'), 1],
    ['an abort', async (w) => once(await w.issue(), (one) => w.abort(one.uploadId)), outcome('aborted'), 0],
    ['a delete', async (w) => once(await w.published(), () => w.delete()), outcome('deleted'), 0],
    ['the arrival of bytes', async (w) => once(await w.issue(), (one) => w.markSent(one.uploadId)), 'marked', 1],
    [
      'a single write',
      async (w) => once(await deferred(w), (one) => w.begin(one, { leaseId: 'mine' })),
      outcome('begun'),
      1,
    ],
  ])('of %s is returned again when the SDK repeats the request', async (_what, prepare, response, open) => {
    const act = await prepare(w);
    loseResponses('try', 2);
    expect(await act()).toEqual(response);
    expect(await w.held()).toMatchObject({ openUploads: open });
  });

  /** The engine does what it is sent, but its first responses never arrive. */
  function loseResponses(step: 'request' | 'try', times: number): void {
    let lost = 0;
    restore = intercept(
      table.client,
      async ({ operation, proceed }) => {
        const output = await proceed();
        if (!/Write|Put|Update|Delete/.test(operation) || lost >= times) return output;
        lost += 1;
        throw Object.assign(new Error('no response'), { name: 'TimeoutError' });
      },
      step,
    );
  }

  function outcome(name: string): unknown {
    return expect.objectContaining({ outcome: name });
  }

  function once<T>(subject: T, act: (subject: T) => Promise<unknown>): Act {
    return () => act(subject);
  }

  /** On a draft of this age. */
  async function onFile(
    w: World,
    act: (a: AttachmentWorld, file: AttachmentRecord) => Promise<unknown>,
    age = 0,
  ): Promise<Act> {
    const a = attachmentsOf(w);
    const file = await a.published({ draft: true });
    w.pass(age);
    return () => act(a, file);
  }

  async function deleteAndForget(a: AttachmentWorld, { fileId }: AttachmentRecord) {
    await a.delete(fileId);
    return a.forget(fileId);
  }

  async function overdue(w: World) {
    const upload = await w.issue();
    w.pass(2 * HOUR);
    return upload;
  }

  async function deletedFiles(w: World) {
    await w.published();
    await w.delete();
    return w.retired();
  }

  async function deferred(w: World) {
    const job = await w.started();
    await w.defer(job);
    return job;
  }
});

describe('a table that cannot be used', () => {
  it('because it does not exist is a wrong setting, which is named', async () => {
    const ready = storeOf({ client: table.client, tableName: 'absent-table' }).checkReady();
    await expect(ready).rejects.toBeInstanceOf(InvalidConfigurationError);
    await expect(ready).rejects.toThrow(/METADATA_TABLE_NAME.*"absent-table"/);
  });

  it('because no server listens is unavailable', async () => {
    const [port] = await freePorts(1);
    const client = new DynamoDBClient({
      ...inject('dynamoDbEngine'),
      endpoint: `http://127.0.0.1:${port}`,
      maxAttempts: 1,
    });
    const ready = storeOf({ client, tableName: table.tableName }).checkReady();
    await expect(ready).rejects.toBeInstanceOf(DependencyUnavailableError);
    await expect(ready).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  it.each(['AccessDeniedException', 'UnrecognizedClientException', 'InvalidSignatureException'])(
    'because of %s is denied, and is not tried again',
    async (name) => {
      const calls = at('GetItem', async () => {
        throw fault(name);
      });
      const ready = w.store.checkReady();
      await expect(ready).rejects.toBeInstanceOf(StorageDeniedError);
      await expect(ready).rejects.toThrow(`${table.tableName}": ${name}!`);
      expect(calls).toHaveLength(1);
    },
  );

  it.each([
    ['InternalServerError', 500],
    ['ServiceUnavailable', 503],
    ['some page of a proxy', 502],
    ['ExpiredTokenException', 400],
  ])('for a while (%s) is unavailable', async (name, status) => {
    at('GetItem', async () => {
      throw fault(name, status);
    });
    await expect(w.store.checkReady()).rejects.toBeInstanceOf(DependencyUnavailableError);
  });

  it('with such a request says what was wrong with it, in a transaction too', async () => {
    const long = w.upload('x'.repeat(3_000));
    await expect(long).rejects.toThrow(/did not accept a request/);
    await expect(long).rejects.toMatchObject({ cause: { name: 'ValidationException' } });
    const job = await w.started();
    const huge = w.publish(job, { thumbHash: 'x'.repeat(500_000) });
    await expect(huge).rejects.toThrow(/did not accept a request.*[Ii]tem size/);
    expect(await w.publish(job)).toBe('published');
  });
});
