import { DynamoDBClient, DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  DynamoDBDocumentClient,
  GetCommand,
  type GetCommandInput,
  PutCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbMetadataStore } from '../../../shared/metadata/dynamodb/dynamodb-metadata-store.ts';
import {
  avatarItem,
  avatarPk,
  newAvatar,
  organizationItem,
  organizationPk,
  ownerItem,
  ownerPk,
  requestItem,
  requestPk,
  uploadItem,
  uploadPk,
} from '../../../shared/metadata/dynamodb/items.ts';
import type { Item } from '../../../shared/metadata/dynamodb/writes.ts';
import { type Job, type World, world } from '../contract/world.ts';

/*
 * Faults as the SDK throws them, when its own tries are over. Reads are answered from the items below; a write is
 * answered as each test says and changes nothing. What becomes of the items is in dynamodb-faults.engine.test.ts.
 */

const dynamoDb = mockClient(DynamoDBDocumentClient);
afterAll(() => dynamoDb.restore());

let items: Map<string, Item>;
let pauses: number;
let w: World;
/** Generation 1 of the world's user's avatar, claimed and under way. */
let job: Job;
beforeEach(() => {
  items = new Map();
  pauses = 0;
  dynamoDb.reset();
  dynamoDb.on(GetCommand).callsFake(({ Key }: GetCommandInput) => ({ Item: items.get(Key?.pk) }));
  dynamoDb.on(BatchGetCommand).callsFake(({ RequestItems = {} }: BatchGetCommandInput) => ({
    Responses: { files: RequestItems.files?.Keys?.flatMap(({ pk }) => items.get(pk) ?? []) },
  }));
  const sleep = async () => {
    pauses += 1;
  };
  w = world(new DynamoDbMetadataStore({ client: new DynamoDBClient({}), tableName: 'files', sleep }));
  job = underWay();
});

/** The operations the adapter asked for, in order. */
function sent(): string[] {
  return dynamoDb.calls().map(({ args: [command] }) => command.constructor.name.replace(/Command$/, ''));
}

function stand(...standing: Item[]): void {
  for (const item of standing) items.set(item.pk, item);
}

function underWay(ownerId = w.userId): Job {
  const { organizationId, user } = w;
  const upload = w.ticket({ by: ownerId });
  const lease = { leaseId: 'mine', leaseUntil: w.in(120_000), attempts: 1, workAt: w.in(120_000) };
  const record = { ...upload, organizationId, generation: 1, status: 'processing', ...lease } as const;
  const free = { bytesLimit: 1_000, bytesFree: 990, filesLimit: 10, filesFree: 9 };
  stand(
    uploadItem(record as never, 'WORK#0'),
    avatarItem({ ...newAvatar(user, organizationId), generation: 1, claimedGeneration: 1 }),
    organizationItem({ organizationId, ...free, openUploads: 1, version: 1, state: 'active' }),
    ownerItem({ organizationId, ownerId, openUploads: 1, state: 'active' }),
  );
  return { uploadId: upload.uploadId, leaseId: 'mine' };
}

const pk = {
  upload: () => uploadPk(job.uploadId),
  avatar: () => avatarPk(w.user),
  organization: () => organizationPk(w.organizationId),
  user: () => ownerPk(w.organizationId, w.userId),
  admin: () => ownerPk(w.organizationId, 'admin'),
  request: () => requestPk(w.request().keyDigest),
};
type Subject = keyof typeof pk;

/** Changes attributes of an item, as somebody else does. */
function change(subject: Subject, changes: Record<string, unknown>): void {
  stand({ ...items.get(pk[subject]()), ...changes, pk: pk[subject]() });
}

/** The first transaction is cancelled with this code for each of the subjects; the others go through. */
function cancelOnce(code: string, subjects: readonly Subject[], meanwhile: () => void = () => {}): void {
  dynamoDb
    .on(TransactWriteCommand)
    .callsFakeOnce(async (input: TransactWriteCommandInput) => {
      meanwhile();
      throw cancelled(code, subjects, input);
    })
    .resolves({});
}

function transactions(): TransactWriteCommandInput[] {
  return dynamoDb.commandCalls(TransactWriteCommand).map(({ args: [command] }) => command.input);
}

/** Reasons stand in the order of the actions, `None` for those that were not in the way. */
function cancelled(code: string, subjects: readonly Subject[], { TransactItems = [] }: TransactWriteCommandInput) {
  const keys = subjects.map((subject) => pk[subject]());
  const CancellationReasons = TransactItems.map((action) => ({ Code: keys.includes(keyOf(action)) ? code : 'None' }));
  return new TransactionCanceledException({ message: 'staged', $metadata: {}, CancellationReasons });
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

function keyOf({ Put, Update, ConditionCheck }: Action): string {
  return Put?.Item?.pk ?? Update?.Key?.pk ?? ConditionCheck?.Key?.pk;
}

function fault(name: string): Error {
  return new DynamoDBServiceException({
    name,
    message: 'staged',
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
}

const unavailable = { code: 'dependency_unavailable', retryable: true };
const denied = { code: 'storage_denied', retryable: false };

describe.each<[string, new (input: never) => object, object, () => Promise<unknown>, unknown]>([
  ['a read', GetCommand, {}, () => w.store.getUpload(job), undefined],
  ['a read of many', BatchGetCommand, { Responses: { files: [] } }, () => w.store.getAvatars([w.agent]), [undefined]],
  ['a put', PutCommand, {}, () => w.store.bindAgent({ agentId: 'a', organizationId: 'o' }), 'bound'],
  ['an update', UpdateCommand, { Attributes: {} }, () => w.release(job), 'released'],
  ['a transaction', TransactWriteCommand, {}, () => w.claim(job), 'claimed'],
])('%s', (_what, Command, answer, act, outcome) => {
  const operation = Command.name.replace(/Command$/, '');
  const requests = () => sent().filter((name) => name === operation);

  it('that DynamoDB throttles is sent until it goes through', async () => {
    const [first, second] = [fault('ProvisionedThroughputExceededException'), fault('ThrottlingException')];
    dynamoDb
      .on(Command as never)
      .rejectsOnce(first)
      .rejectsOnce(second)
      .resolves(answer);
    expect(await act()).toEqual(outcome);
    expect(requests()).toHaveLength(3);
    expect(pauses).toBe(2);
  });

  it.each<[string, Error, object, number]>([
    ['throttled for ever is unavailable after 8 tries', fault('ThrottlingException'), unavailable, 8],
    ['without throughput for ever too', fault('ProvisionedThroughputExceededException'), unavailable, 8],
    ['without an answer in time is unavailable at once', lost({ name: 'TimeoutError' }), unavailable, 1],
    ['whose connection is reset too', lost({ code: 'ECONNRESET' }), unavailable, 1],
    ['that is not allowed is denied at once, for good', fault('AccessDeniedException'), denied, 1],
  ])('%s', async (_how, error, expected, tries) => {
    dynamoDb.on(Command as never).rejects(error);
    await expect(act()).rejects.toMatchObject({ ...expected, cause: error });
    expect(requests()).toHaveLength(tries);
    expect(pauses).toBe(tries - 1);
  });
});

function lost(how: { readonly name?: string; readonly code?: string }): Error {
  return Object.assign(new Error('staged'), how);
}

describe('a ticket that finds the scene changed when it is written', () => {
  /** The scene, the write, an earlier answer; and once more without a write. */
  const REFUSED = ['BatchGet', 'TransactWrite', 'BatchGet', 'BatchGet', 'BatchGet'];
  const ISSUED = ['BatchGet', 'TransactWrite', 'BatchGet', 'BatchGet', 'TransactWrite'];
  const REPLAYED = ['BatchGet', 'TransactWrite', 'BatchGet', 'Get'];

  it.each<[string, Subject, () => void, object, string[]]>([
    [
      'exceeds the quota when the organization has too little left',
      'organization',
      () => change('organization', { bytesFree: 5 }),
      { outcome: 'quota_exceeded', bytesFree: 5, filesFree: 9 },
      REFUSED,
    ],
    [
      'is closed out when the organization is paused',
      'organization',
      () => change('organization', { state: 'paused' }),
      { outcome: 'organization_closed', state: 'paused' },
      REFUSED,
    ],
    [
      'is one too many when the caller has opened the others meanwhile',
      'user',
      () => change('user', { openUploads: 20 }),
      { outcome: 'too_many_open', openUploads: 20 },
      REFUSED,
    ],
    [
      'is closed out when the caller is being erased',
      'user',
      () => change('user', { state: 'erasing' }),
      { outcome: 'organization_closed', state: 'erasing' },
      REFUSED,
    ],
    [
      'is not allowed when the avatar was bound to another user',
      'avatar',
      () => change('avatar', { ownerId: 'bob' }),
      { outcome: 'not_allowed' },
      REFUSED,
    ],
    [
      'has the generation after the one that was issued meanwhile',
      'avatar',
      () => change('avatar', { generation: 2 }),
      { outcome: 'issued', upload: { generation: 3 } },
      ISSUED,
    ],
    [
      'is the answer that the same request was given meanwhile',
      'request',
      () => stand(requestItem(w.request(), job.uploadId)),
      { outcome: 'replayed', upload: { uploadId: expect.any(String), generation: 1 } },
      REPLAYED,
    ],
  ])('%s', async (_what, subject, meanwhile, outcome, requests) => {
    cancelOnce('ConditionalCheckFailed', [subject], meanwhile);
    expect(await w.ask({ request: w.request() })).toMatchObject(outcome);
    expect(sent()).toEqual(requests);
  });
});

describe('a worker whose transaction is cancelled', () => {
  const claim = () => w.claim(job);
  const publish = () => w.publish(job);
  const reject = () => w.reject(job);
  const nothing = () => {};
  const takenOver = () => change('upload', { leaseId: 'another' });
  const endedAs = (status: string) => () => change('upload', { status });

  /** An administrator's upload for the user: both are looked at. */
  beforeEach(() => {
    job = underWay('admin');
  });

  it.each<[string, () => Promise<string>, Subject[], () => void, string]>([
    ['claims nothing when the avatar has a newer claim', claim, ['avatar'], nothing, 'superseded'],
    ['has lost its lease when the upload is taken over', claim, ['upload'], takenOver, 'lost_lease'],
    ['has lost its lease, whatever the avatar has', claim, ['upload', 'avatar'], takenOver, 'lost_lease'],
    ['publishes nothing when the organization is being erased', publish, ['organization'], nothing, 'superseded'],
    ['publishes nothing when the uploader is being erased', publish, ['admin'], nothing, 'superseded'],
    ['publishes nothing when the user is being erased', publish, ['user'], nothing, 'superseded'],
    [
      'publishes nothing when the avatar was claimed anew',
      publish,
      ['avatar'],
      () => change('avatar', { claimedGeneration: 2 }),
      'superseded',
    ],
    [
      'publishes nothing when the avatar was deleted',
      publish,
      ['avatar', 'organization'],
      () => change('avatar', { deletedGeneration: 2 }),
      'superseded',
    ],
    ['publishes nothing when the upload is taken over', publish, ['upload', 'user'], takenOver, 'lost_lease'],
    ['has published when the upload is ready by itself', publish, ['upload'], endedAs('ready'), 'published'],
    ['rejects nothing when the avatar is claimed', reject, ['avatar'], nothing, 'claimed'],
    ['rejects nothing when the upload is taken over', reject, ['upload', 'avatar'], takenOver, 'lost_lease'],
    ['has rejected when the upload is rejected by itself', reject, ['upload'], endedAs('rejected'), 'rejected'],
  ])('%s, and writes no more', async (_what, act, subjects, meanwhile, outcome) => {
    cancelOnce('ConditionalCheckFailed', subjects, meanwhile);
    expect(await act()).toBe(outcome);
    expect(transactions()).toHaveLength(1);
  });

  it('publishes in the place of the picture that it finds there now', async () => {
    cancelOnce('ConditionalCheckFailed', ['avatar'], () => change('avatar', { readyGeneration: 7, chargedBytes: 70 }));
    expect(await publish()).toBe('published');
    const credits = transactions().map(
      ({ TransactItems = [] }) =>
        TransactItems.find((action) => keyOf(action) === pk.organization())?.Update?.ExpressionAttributeValues,
    );
    expect(credits).toMatchObject([
      { ':bytes': 0, ':files': 0 },
      { ':bytes': 70, ':files': 1 },
    ]);
  });
});

describe.each<[string, () => Promise<unknown>, unknown]>([
  ['a ticket', () => w.ask(), expect.objectContaining({ outcome: 'issued' })],
  ['a claim', () => w.claim(job), 'claimed'],
  ['a publication', () => w.publish(job), 'published'],
  ['a rejection', () => w.reject(job), 'rejected'],
])('%s that meets another transaction', (_what, act, outcome) => {
  it('reads again, and is made anew', async () => {
    cancelOnce('TransactionConflict', ['organization', 'avatar']);
    expect(await act()).toEqual(outcome);
    expect(new Set(transactions().map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(2);
    expect(transactions()).toHaveLength(2);
    expect(pauses).toBe(1);
  });

  it('each time is unavailable after 30', async () => {
    dynamoDb.on(TransactWriteCommand).callsFake(async (input) => {
      throw cancelled('TransactionConflict', ['avatar'], input);
    });
    await expect(act()).rejects.toMatchObject(unavailable);
    expect(transactions()).toHaveLength(30);
  });

  it('and then a throttled table is sent as it was', async () => {
    cancelOnce('ThrottlingError', ['avatar']);
    expect(await act()).toEqual(outcome);
    const [first, second] = transactions();
    expect(second).toEqual(first);
    expect(transactions()).toHaveLength(2);
  });
});
