import { DynamoDBClient, DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbRecordStore } from '../../../shared/metadata/dynamodb/dynamodb-record-store.ts';
import { attachmentKey, organizationKey, ownerKey } from '../../../shared/metadata/record-keys.ts';
import { adjust, change, create, remove } from '../../../shared/metadata/transitions/transition.ts';
import { attachment, organization, owner } from './sample-records.ts';

/*
 * Faults as the SDK throws them after its own retries. No engine is behind the mock: what the faults do to the items is
 * tested in dynamodb-faults.engine.test.ts.
 */

const unavailable = { code: 'dependency_unavailable', retryable: true };
const denied = { code: 'storage_denied', retryable: false };

const dynamoDb = mockClient(DynamoDBDocumentClient);
afterAll(() => dynamoDb.restore());

let pauses: number;
let store: DynamoDbRecordStore;
beforeEach(() => {
  pauses = 0;
  dynamoDb.reset();
  const sleep = async () => {
    pauses += 1;
  };
  store = new DynamoDbRecordStore({ client: new DynamoDBClient({}), tableName: 'files', sleep });
});

const company = organization();
const ada = owner();
const file = attachment();
const companyKey = organizationKey(company.organizationId);
const adaKey = ownerKey(ada.organizationId, ada.ownerId);
const fileKey = attachmentKey(file.fileId);

const put = () => store.commit([create(companyKey, company)]);
const update = () => store.commit([adjust(companyKey, { add: { version: 1 } })]);
const removal = () => store.commit([remove(fileKey, file, ['status'])]);
const transaction = () => store.commit([create(adaKey, ada), change(fileKey, file, { ...file, revision: 2 }, [])]);

function fault(name: string): Error {
  const $metadata = { httpStatusCode: 400 };
  return new DynamoDBServiceException({ name, message: 'staged', $fault: 'client', $metadata });
}

function cancelled(...codes: string[]): Error {
  const CancellationReasons = codes.map((Code) => ({ Code }));
  return new TransactionCanceledException({ message: 'staged', $metadata: {}, CancellationReasons });
}

const throttled = () => fault('ThrottlingException');
const noThroughput = () => fault('ProvisionedThroughputExceededException');
const lost = (how: { name?: string; code?: string }) => Object.assign(new Error('staged'), how);

type AnyCommand = new (input: never) => object;

/** How often this operation was requested. */
function triesOf(Command: AnyCommand): number {
  return dynamoDb.calls().filter(({ args: [command] }) => command instanceof Command).length;
}

describe.each<[string, AnyCommand, object, () => Promise<unknown>, unknown]>([
  ['a read', GetCommand, {}, () => store.read([companyKey]), [undefined]],
  [
    'a read of several',
    BatchGetCommand,
    { Responses: {} },
    () => store.read([companyKey, adaKey]),
    [undefined, undefined],
  ],
  ['a query', QueryCommand, { Items: [] }, () => store.countUsage(company), { bytes: 0, files: 0 }],
  ['a put', PutCommand, {}, put, true],
  ['an update', UpdateCommand, {}, update, true],
  ['a removal', DeleteCommand, {}, removal, true],
  ['a transaction', TransactWriteCommand, {}, transaction, true],
])('%s', (_what, Command, response, act, outcome) => {
  it('that DynamoDB throttles is sent until it succeeds', async () => {
    dynamoDb
      .on(Command as never)
      .rejectsOnce(noThroughput())
      .rejectsOnce(throttled())
      .resolves(response);
    expect(await act()).toEqual(outcome);
    expect([triesOf(Command), pauses]).toEqual([3, 2]);
  });

  it.each<[string, Error, object, number]>([
    ['throttled for ever is unavailable after 8 tries', throttled(), unavailable, 8],
    ['short of throughput for ever is unavailable after 8 tries', noThroughput(), unavailable, 8],
    ['without a response in time is unavailable at once', lost({ name: 'TimeoutError' }), unavailable, 1],
    ['whose connection is reset is unavailable at once', lost({ code: 'ECONNRESET' }), unavailable, 1],
    ['that is not allowed is denied at once, for good', fault('AccessDeniedException'), denied, 1],
  ])('%s', async (_how, error, expected, bound) => {
    dynamoDb.on(Command as never).rejects(error);
    await expect(act()).rejects.toMatchObject({ ...expected, cause: error });
    expect([triesOf(Command), pauses]).toEqual([bound, bound - 1]);
  });
});

describe.each<[string, AnyCommand, () => Promise<unknown>]>([
  ['a put', PutCommand, put],
  ['an update', UpdateCommand, update],
  ['a removal', DeleteCommand, removal],
])('%s', (_what, Command, act) => {
  it.each(['ConditionalCheckFailedException', 'TransactionConflictException'])(
    'that fails with %s is refused, and not sent again',
    async (name) => {
      dynamoDb.on(Command as never).rejects(fault(name));
      expect(await act()).toBe(false);
      expect([triesOf(Command), pauses]).toEqual([1, 0]);
    },
  );
});

describe('a transaction', () => {
  it.each<[string, string[]]>([
    ['a condition that does not hold', ['ConditionalCheckFailed', 'None']],
    ['another transaction at work on an item', ['None', 'TransactionConflict']],
    ['both', ['TransactionConflict', 'ConditionalCheckFailed']],
    ['a condition, while it is throttled too', ['ThrottlingError', 'ConditionalCheckFailed']],
  ])('that is cancelled because of %s is refused, and not sent again', async (_why, codes) => {
    dynamoDb.on(TransactWriteCommand).rejects(cancelled(...codes));
    expect(await transaction()).toBe(false);
    expect([triesOf(TransactWriteCommand), pauses]).toEqual([1, 0]);
  });

  it.each(['ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'that is cancelled because of %s is sent again as it was, token included',
    async (code) => {
      dynamoDb.on(TransactWriteCommand).rejectsOnce(cancelled('None', code)).resolves({});
      expect(await transaction()).toBe(true);
      const [first, second] = transactions();
      expect(second).toEqual(first);
      expect(first?.ClientRequestToken).toEqual(expect.any(String));
    },
  );

  it('has a token of its own each time it is committed', async () => {
    dynamoDb.on(TransactWriteCommand).resolves({});
    await transaction();
    await transaction();
    const tokens = transactions().map(({ ClientRequestToken }) => ClientRequestToken);
    expect(new Set(tokens).size).toBe(2);
  });

  it('that DynamoDB does not accept says what was wrong with it', async () => {
    const CancellationReasons = [{ Code: 'None' }, { Code: 'ValidationError', Message: 'Item size has exceeded' }];
    const error = new TransactionCanceledException({ message: 'staged', $metadata: {}, CancellationReasons });
    dynamoDb.on(TransactWriteCommand).rejects(error);
    await expect(transaction()).rejects.toThrow(/did not accept.*Item size has exceeded/);
  });

  function transactions(): TransactWriteCommandInput[] {
    return dynamoDb.commandCalls(TransactWriteCommand).map(({ args: [command] }) => command.input);
  }
});

describe('a pause after a refused commit', () => {
  it.each([
    [1, 0, 20],
    [1, 0.5, 160],
    [6, 1, 300],
    [20, 0, 20],
    [20, 1, 1_000],
  ])(
    'is 20 to 300 ms at random, and longer in a crowd (refusal %i, at %d of the range)',
    async (refusals, part, ms) => {
      const slept: number[] = [];
      const sleep = async (milliseconds: number) => {
        slept.push(milliseconds);
      };
      const options = { client: new DynamoDBClient({}), tableName: 'files', sleep, random: () => part };
      await new DynamoDbRecordStore(options).pause(refusals);
      expect(slept).toEqual([ms]);
    },
  );
});
