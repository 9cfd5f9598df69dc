import { DynamoDBClient, DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { DependencyUnavailableError, InvalidConfigurationError, StorageDeniedError } from '../../../shared/errors.ts';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
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

function storeOf({ client, tableName }: { client: DynamoDBClient; tableName: string }): DynamoDbMetadataStore {
  const sleep = async (milliseconds: number) => {
    pauses.push(milliseconds);
  };
  return new DynamoDbMetadataStore({ client, tableName, sleep });
}

/** Stands between the adapter and the engine at every request of this operation; the first one is number 1. */
function at(operation: string, answer: (call: Call, number: number) => Promise<unknown>): readonly Call[] {
  const calls: Call[] = [];
  restore = intercept(table.client, async (call) => {
    if (call.operation !== operation) return call.proceed();
    calls.push(call);
    return answer(call, calls.length);
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
  it.each(BUSY)('(%s) is asked 8 times for one and the same transaction', async (_why, busy) => {
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
    const asked = w.ask();
    await expect(asked).rejects.toBeInstanceOf(DependencyUnavailableError);
    await expect(asked).rejects.toMatchObject({ retryable: true, cause: { name: busy().name } });
    expect(calls).toHaveLength(8);
  });

  it('is given between 20 and 300 ms, each time another while', async () => {
    at('GetItem', async () => {
      throw fault('ThrottlingException');
    });
    await expect(w.store.getUpload({ uploadId: 'any' })).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(pauses).toHaveLength(7);
    expect(new Set(pauses).size).toBe(7);
    for (const pause of pauses) expect(pause).toSatisfy((ms: number) => ms >= 20 && ms <= 300);
  });

  it('is asked again for the keys it left out of a batch, and the order stays', async () => {
    const agents = Array.from({ length: 10 }, () => w.anotherAgent());
    await Promise.all(agents.map((avatar) => w.issue({ avatar, bytes: 1 })));
    const calls = at('BatchGetItem', async ({ proceed }, number) => (number < 4 ? halfOf(await proceed()) : proceed()));
    const found = await w.store.getAvatars(agents);
    expect(found.map((avatar) => avatar?.entityId)).toEqual(agents.map(({ entityId }) => entityId));
    expect(calls).toHaveLength(4);
  });

  it('that leaves keys out 8 times is unavailable', async () => {
    const calls = at('BatchGetItem', async ({ input }) => ({ UnprocessedKeys: input.RequestItems }));
    await expect(w.store.getAvatars([w.user])).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(calls).toHaveLength(8);
  });

  /** The answer of a table that was too busy for the second half of the keys. */
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

describe('a transaction that meets another one on its items', () => {
  const conflict = () => cancelled('None', 'TransactionConflict', 'None', 'None');

  it('is decided anew, by what the other one left', async () => {
    const { uploadId } = await w.issue();
    const rival = storeOf({ client: table.connect(), tableName: table.tableName });
    at('TransactWriteItems', async ({ proceed }, number) => {
      if (number > 1) return proceed();
      await rival.abortUpload({ uploadId, now: w.now() });
      throw conflict();
    });
    expect(await w.abort(uploadId)).toEqual({ outcome: 'finished', status: 'aborted' });
    expect(await w.held()).toEqual({ bytes: 0, files: 0, openUploads: 0 });
  });

  it('is unavailable when it meets another one each time', async () => {
    const calls = at('TransactWriteItems', async () => {
      throw conflict();
    });
    await expect(w.ask()).rejects.toBeInstanceOf(DependencyUnavailableError);
    expect(calls).toHaveLength(30);
    restore();
    expect(await w.everything()).toEqual([undefined, undefined, undefined]);
  });

  it('is decided by a condition that failed, whatever happened to its other items', async () => {
    const job = await w.started();
    await w.claim(job);
    at('TransactWriteItems', async () => {
      // In the order of the writes: upload, avatar, organization, owner.
      throw cancelled('TransactionConflict', 'ConditionalCheckFailed', 'TransactionConflict', 'None');
    });
    expect(await w.reject(job)).toBe('claimed');
  });

  it('is decided anew when it was only the picture it replaces that had changed', async () => {
    const job = await w.started();
    await w.claim(job);
    at('TransactWriteItems', async ({ proceed }, number) => {
      if (number === 1) throw cancelled('None', 'ConditionalCheckFailed', 'None', 'None');
      return proceed();
    });
    expect(await w.publish(job)).toBe('published');
  });

  it.each([
    ['the organization', 2],
    ['the uploader', 3],
    ['the user', 4],
  ])('tells by its place among the reasons that %s is being erased', async (_who, index) => {
    const job = await w.started({ by: 'admin' });
    await w.claim(job);
    at('TransactWriteItems', async () => {
      throw cancelled(
        ...Array.from({ length: 5 }, (_, place) => (place === index ? 'ConditionalCheckFailed' : 'None')),
      );
    });
    expect(await w.publish(job)).toBe('superseded');
  });
});

describe('an answer that was lost after the write', () => {
  /** What is done, how it is answered when it is asked for again, and what is held in the end. */
  const transitions: [string, (w: World) => Promise<() => Promise<unknown>>, unknown, number][] = [
    ['a ticket', async (w) => once(w.ticket(), (upload) => w.ask({ upload })), { outcome: 'issued' }, 1],
    ['a ticket with a key', async (w) => () => w.ask({ request: w.request() }), { outcome: 'replayed' }, 1],
    [
      'a begin, however late it is repeated,',
      async (w) => once(await w.issue(), (one) => w.begin(one, { leaseId: 'mine' }).finally(() => w.pass(HOUR))),
      { outcome: 'begun', upload: expect.objectContaining({ attempts: 1 }) },
      1,
    ],
    ['a renewal', async (w) => once(await w.issue(), (one) => w.renew(one.uploadId)), { outcome: 'renewed' }, 1],
    ['a release', async (w) => once(await w.started(), w.release), 'lost_lease', 1],
    ['a claim', async (w) => once(await w.started(), w.claim), 'claimed', 1],
    ['a publication', async (w) => once(await claimed(w), (job) => w.publish(job)), 'published', 0],
    ['a rejection', async (w) => once(await w.started(), (job) => w.reject(job)), 'rejected', 0],
    ['a supersession', async (w) => once(await w.started(), w.supersede), 'superseded', 0],
    ['an abort', async (w) => once(await w.issue(), (one) => w.abort(one.uploadId)), { outcome: 'finished' }, 0],
    ['an expiry', async (w) => once(await overdue(w), (one) => w.expire(one.uploadId)), 'not_due', 0],
    ['a delete', async (w) => once(await w.published(), () => w.delete()), { outcome: 'absent' }, 0],
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
    ['limits', async (w) => once(await w.issue(), () => w.setLimits({ bytesLimit: 9, filesLimit: 9 })), {}, 1],
  ];

  it.each(transitions)(
    'of %s is unavailable, and the repeated call does nothing more',
    async (_what, set, again, open) => {
      const act = await set(w);
      loseAnswers('request', 1);
      await expect(act()).rejects.toBeInstanceOf(DependencyUnavailableError);
      restore();
      const before = [await w.held(), await w.owner(), await w.avatar()];
      expect(await act()).toEqual(typeof again === 'string' ? again : expect.objectContaining(again));
      expect([await w.held(), await w.owner(), await w.avatar()]).toEqual(before);
      expect(await w.held()).toMatchObject({ openUploads: open });
    },
  );

  it.each<[string, (w: World) => Promise<() => Promise<unknown>>, unknown, number]>([
    ['a ticket', async (w) => () => w.ask(), { outcome: 'issued' }, 1],
    ['an abort', async (w) => once(await w.issue(), (one) => w.abort(one.uploadId)), { outcome: 'aborted' }, 0],
    ['a delete', async (w) => once(await w.published(), () => w.delete()), { outcome: 'deleted' }, 0],
  ])('of %s is given again to the same request, when the SDK repeats it', async (_what, set, answer, open) => {
    const act = await set(w);
    loseAnswers('try', 2);
    expect(await act()).toEqual(expect.objectContaining(answer));
    expect(await w.held()).toMatchObject({ openUploads: open });
  });

  /** The engine does what it is asked, and the first answers never arrive. */
  function loseAnswers(step: 'request' | 'try', times: number): void {
    let lost = 0;
    restore = intercept(
      table.client,
      async ({ operation, proceed }) => {
        const output = await proceed();
        if (!/Write|Put|Update|Delete/.test(operation) || lost >= times) return output;
        lost += 1;
        throw Object.assign(new Error('no answer'), { name: 'TimeoutError' });
      },
      step,
    );
  }

  function once<T>(subject: T, act: (subject: T) => Promise<unknown>): () => Promise<unknown> {
    return () => act(subject);
  }

  /** On a draft, which is so much older by then. */
  async function onFile(
    w: World,
    act: (a: AttachmentWorld, file: AttachmentRecord) => Promise<unknown>,
    age = 0,
  ): Promise<() => Promise<unknown>> {
    const a = attachmentsOf(w);
    const file = await a.published({ draft: true });
    w.pass(age);
    return () => act(a, file);
  }

  async function deleteAndForget(a: AttachmentWorld, { fileId }: AttachmentRecord) {
    await a.delete(fileId);
    return a.forget(fileId);
  }

  async function claimed(w: World) {
    const job = await w.started();
    await w.claim(job);
    return job;
  }

  async function overdue(w: World) {
    const upload = await w.issue();
    w.pass(2 * HOUR);
    return upload;
  }
});

describe('a table that cannot be used', () => {
  it('because it is not there is a wrong setting, and says which', async () => {
    const ready = storeOf({ client: table.client, tableName: 'absent-table' }).checkReady();
    await expect(ready).rejects.toBeInstanceOf(InvalidConfigurationError);
    await expect(ready).rejects.toThrow(/METADATA_TABLE_NAME.*"absent-table"/);
  });

  it('because no one listens is unavailable', async () => {
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
    'because of %s is denied, and is not asked again',
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

  it('as it was asked says what was wrong, inside a transaction too', async () => {
    const twice = w.store.getAvatars([w.user, w.user]);
    await expect(twice).rejects.toThrow(/did not accept a request.*duplicates/);
    await expect(twice).rejects.toMatchObject({ cause: { name: 'ValidationException' } });
    const job = await w.started();
    await w.claim(job);
    const huge = w.publish(job, { thumbHash: 'x'.repeat(500_000) });
    await expect(huge).rejects.toThrow(/did not accept a request.*[Ii]tem size/);
    expect(await w.publish(job)).toBe('published');
  });
});
