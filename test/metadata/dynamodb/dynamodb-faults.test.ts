import { DynamoDBClient, DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  type GetCommandInput,
  PutCommand,
  QueryCommand,
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
import type { UploadRecord } from '../../../shared/metadata/records.ts';
import { type Job, MINUTE, type World, world } from '../contract/world.ts';

/*
 * Faults as the SDK throws them, when its own tries are over. Reads are answered from the items below; a write is
 * answered as each test says and changes nothing. What becomes of the items is in dynamodb-faults.engine.test.ts.
 */

const unavailable = { code: 'dependency_unavailable', retryable: true };
const denied = { code: 'storage_denied', retryable: false };

const dynamoDb = mockClient(DynamoDBDocumentClient);
afterAll(() => dynamoDb.restore());

let items: Map<string, Item>;
let pauses: number;
let w: World;
/** Generation 1 of the user's avatar, claimed and under way. */
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

function underWay(ownerId = w.userId): Job {
  const { organizationId, user } = w;
  const upload = w.ticket({ by: ownerId });
  const lease = { leaseId: 'mine', leaseUntil: w.in(2 * MINUTE), attempts: 1, workAt: w.in(2 * MINUTE) };
  const issued = { organizationId, generation: 1, status: 'processing' } as const;
  const free = { bytesLimit: 1_000, bytesFree: 990, filesLimit: 10, filesFree: 9 };
  stand(
    uploadItem({ ...upload, ...issued, ...lease } as UploadRecord, 'WORK#0'),
    avatarItem({ ...newAvatar(user, organizationId), generation: 1, claimedGeneration: 1 }),
    organizationItem({ organizationId, ...free, openUploads: 1, version: 1, state: 'active' }),
    ownerItem({ organizationId, ownerId, openUploads: 1, state: 'active' }),
  );
  return { uploadId: upload.uploadId, leaseId: 'mine' };
}

function stand(...standing: Item[]): void {
  for (const item of standing) items.set(item.pk, item);
}

const KEY_OF = {
  upload: () => uploadPk(job.uploadId),
  avatar: () => avatarPk(w.user),
  organization: () => organizationPk(w.organizationId),
  user: () => ownerPk(w.organizationId, w.userId),
  admin: () => ownerPk(w.organizationId, 'admin'),
  request: () => requestPk(w.request().keyDigest),
};
type Subject = keyof typeof KEY_OF;

/** Attributes that somebody else has changed by the time a transaction is answered. */
type Changes = Partial<Record<Subject, Record<string, unknown>>>;

/** The first transaction is cancelled with this code for each of the subjects; those after it go through. */
function cancelOnce(code: string, subjects: readonly Subject[], changes: Changes = {}): void {
  dynamoDb
    .on(TransactWriteCommand)
    .callsFakeOnce(async (input: TransactWriteCommandInput) => {
      for (const [subject, changed] of Object.entries(changes)) {
        const pk = KEY_OF[subject as Subject]();
        stand({ ...items.get(pk), ...changed, pk });
      }
      throw cancelled(code, subjects, input);
    })
    .resolves({});
}

/** Reasons stand in the order of the actions, `None` for those that were not in the way. */
function cancelled(code: string, subjects: readonly Subject[], { TransactItems = [] }: TransactWriteCommandInput) {
  const keys = subjects.map((subject) => KEY_OF[subject]());
  const CancellationReasons = TransactItems.map((action) => ({ Code: keys.includes(keyOf(action)) ? code : 'None' }));
  return new TransactionCanceledException({ message: 'staged', $metadata: {}, CancellationReasons });
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

function keyOf({ Put, Update, ConditionCheck }: Action): string {
  return Put?.Item?.pk ?? Update?.Key?.pk ?? ConditionCheck?.Key?.pk;
}

function fault(name: string): Error {
  const $metadata = { httpStatusCode: 400 };
  return new DynamoDBServiceException({ name, message: 'staged', $fault: 'client', $metadata });
}

const throttled = () => fault('ThrottlingException');
const noThroughput = () => fault('ProvisionedThroughputExceededException');
const lost = (how: { name?: string; code?: string }) => Object.assign(new Error('staged'), how);

/** The operations the adapter asked for, in order. */
function sent(): string[] {
  return dynamoDb.calls().map(({ args: [command] }) => command.constructor.name.replace(/Command$/, ''));
}

function transactions(): TransactWriteCommandInput[] {
  return dynamoDb.commandCalls(TransactWriteCommand).map(({ args: [command] }) => command.input);
}

describe.each<[string, new (input: never) => object, object, () => Promise<unknown>, unknown]>([
  ['a read', GetCommand, {}, () => w.store.getUpload(job), undefined],
  ['a read of many', BatchGetCommand, { Responses: { files: [] } }, () => w.store.getAvatars([w.agent]), [undefined]],
  ['a put', PutCommand, {}, () => w.store.bindAgent({ agentId: 'a', organizationId: 'o' }), 'bound'],
  ['an update', UpdateCommand, { Attributes: {} }, () => w.release(job), 'released'],
  ['a transaction', TransactWriteCommand, {}, () => w.claim(job), 'claimed'],
  ['a removal', DeleteCommand, {}, () => w.store.forgetAttachment({ fileId: 'f' }), 'forgotten'],
  ['a query', QueryCommand, { Items: [] }, () => w.store.countUsage(w), { bytes: 0, files: 0 }],
])('%s', (_what, Command, answer, act, outcome) => {
  const tries = () => sent().filter((operation) => `${operation}Command` === Command.name).length;

  it('that DynamoDB throttles is sent until it goes through', async () => {
    dynamoDb
      .on(Command as never)
      .rejectsOnce(noThroughput())
      .rejectsOnce(throttled())
      .resolves(answer);
    expect(await act()).toEqual(outcome);
    expect([tries(), pauses]).toEqual([3, 2]);
  });

  it.each<[string, Error, object, number]>([
    ['throttled for ever is unavailable after 8 tries', throttled(), unavailable, 8],
    ['short of throughput for ever is unavailable after 8 tries', noThroughput(), unavailable, 8],
    ['without an answer in time is unavailable at once', lost({ name: 'TimeoutError' }), unavailable, 1],
    ['whose connection is reset is unavailable at once', lost({ code: 'ECONNRESET' }), unavailable, 1],
    ['that is not allowed is denied at once, for good', fault('AccessDeniedException'), denied, 1],
  ])('%s', async (_how, error, expected, bound) => {
    dynamoDb.on(Command as never).rejects(error);
    await expect(act()).rejects.toMatchObject({ ...expected, cause: error });
    expect([tries(), pauses]).toEqual([bound, bound - 1]);
  });
});

describe('a ticket that finds the scene changed when it is written', () => {
  const SCENE = 'BatchGet';
  const EARLIER_ANSWER = 'BatchGet';
  const ISSUED = { outcome: 'issued', upload: { generation: 3 } };

  it.each<[string, Subject, Record<string, unknown>, object]>([
    ['is over the quota', 'organization', { bytesFree: 5 }, { outcome: 'quota_exceeded', bytesFree: 5, filesFree: 9 }],
    [
      'is closed out by a pause',
      'organization',
      { state: 'paused' },
      { outcome: 'organization_closed', state: 'paused' },
    ],
    ["is one above the caller's cap", 'user', { openUploads: 20 }, { outcome: 'too_many_open', openUploads: 20 }],
    ['is closed out by an erasure', 'user', { state: 'erasing' }, { outcome: 'organization_closed', state: 'erasing' }],
    ['is for the avatar of another', 'avatar', { ownerId: 'bob' }, { outcome: 'not_allowed' }],
    ['has the generation that is next now', 'avatar', { generation: 2 }, ISSUED],
  ])('%s', async (_what, subject, changed, outcome) => {
    cancelOnce('ConditionalCheckFailed', [subject], { [subject]: changed });
    expect(await w.ask({ request: w.request() })).toMatchObject(outcome);
    const again = outcome === ISSUED ? 'TransactWrite' : EARLIER_ANSWER;
    expect(sent()).toEqual([SCENE, 'TransactWrite', EARLIER_ANSWER, SCENE, again]);
    expect(pauses).toBe(1);
  });

  it('is answered as the same request was meanwhile', async () => {
    cancelOnce('ConditionalCheckFailed', ['request'], { request: requestItem(w.request(), job.uploadId) });
    const { uploadId } = job;
    expect(await w.ask({ request: w.request() })).toMatchObject({ outcome: 'replayed', upload: { uploadId } });
    expect(sent()).toEqual([SCENE, 'TransactWrite', EARLIER_ANSWER, 'Get']);
  });
});

describe('a worker whose transaction is cancelled', () => {
  const claim = () => w.claim(job);
  const publish = () => w.publish(job);
  const reject = () => w.reject(job);
  const taken = { upload: { leaseId: 'another' } };
  const newer = { avatar: { claimedGeneration: 2 } };
  const deleted = { avatar: { deletedGeneration: 2 } };

  /** An administrator's upload for the user: the records of both are looked at. */
  beforeEach(() => {
    job = underWay('admin');
  });

  it.each<[string, () => Promise<string>, Subject[], Changes, string]>([
    ['claims nothing under a newer claim', claim, ['avatar'], {}, 'superseded'],
    ['claims nothing once the upload is taken over', claim, ['upload'], taken, 'lost_lease'],
    ['has lost its lease, whatever the avatar has', claim, ['upload', 'avatar'], taken, 'lost_lease'],
    ['publishes nothing while the organization is being erased', publish, ['organization'], {}, 'superseded'],
    ['publishes nothing while the uploader is being erased', publish, ['admin'], {}, 'superseded'],
    ['publishes nothing while the user is being erased', publish, ['user'], {}, 'superseded'],
    ['publishes nothing under a newer claim', publish, ['avatar'], newer, 'superseded'],
    ['publishes nothing over a delete', publish, ['avatar'], deleted, 'superseded'],
    ['publishes nothing once the upload is taken over', publish, ['upload', 'user'], taken, 'lost_lease'],
    ['has published what is ready by itself', publish, ['upload'], { upload: { status: 'ready' } }, 'published'],
    ['rejects nothing that is claimed', reject, ['avatar'], {}, 'claimed'],
    ['rejects nothing once the upload is taken over', reject, ['upload', 'avatar'], taken, 'lost_lease'],
    ['has rejected what is rejected by itself', reject, ['upload'], { upload: { status: 'rejected' } }, 'rejected'],
  ])('%s, and writes no more', async (_what, act, subjects, changes, outcome) => {
    cancelOnce('ConditionalCheckFailed', subjects, changes);
    expect(await act()).toBe(outcome);
    expect(transactions()).toHaveLength(1);
  });

  it('publishes in the place of the picture that it finds there now', async () => {
    cancelOnce('ConditionalCheckFailed', ['avatar'], { avatar: { readyGeneration: 7, chargedBytes: 70 } });
    expect(await publish()).toBe('published');
    const credits = transactions().map(
      ({ TransactItems = [] }) =>
        TransactItems.find((action) => keyOf(action) === KEY_OF.organization())?.Update?.ExpressionAttributeValues,
    );
    const [nothing, picture] = [
      { ':bytes': 0, ':files': 0 },
      { ':bytes': 70, ':files': 1 },
    ];
    expect(credits).toMatchObject([nothing, picture]);
  });
});

describe.each<[string, () => Promise<unknown>, unknown]>([
  ['a ticket', () => w.ask(), expect.objectContaining({ outcome: 'issued' })],
  ['a claim', () => w.claim(job), 'claimed'],
  ['a publication', () => w.publish(job), 'published'],
  ['a rejection', () => w.reject(job), 'rejected'],
])('%s', (_what, act, outcome) => {
  it('that meets another transaction reads again, and is made anew', async () => {
    cancelOnce('TransactionConflict', ['avatar']);
    expect(await act()).toEqual(outcome);
    const tokens = transactions().map(({ ClientRequestToken }) => ClientRequestToken);
    expect([tokens.length, new Set(tokens).size, pauses]).toEqual([2, 2, 1]);
  });

  it('that meets another transaction each time is unavailable after 30', async () => {
    dynamoDb.on(TransactWriteCommand).callsFake(async (input) => {
      throw cancelled('TransactionConflict', ['avatar'], input);
    });
    await expect(act()).rejects.toMatchObject(unavailable);
    expect(transactions()).toHaveLength(30);
  });

  it('that is cancelled by throttling is sent again as it was', async () => {
    cancelOnce('ThrottlingError', ['avatar']);
    expect(await act()).toEqual(outcome);
    const [first, second] = transactions();
    expect(transactions()).toHaveLength(2);
    expect(second).toEqual(first);
  });
});
