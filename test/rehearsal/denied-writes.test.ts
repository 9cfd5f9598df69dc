import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { requestTicket, send, waitForEnd } from '../acceptance/client.ts';
import { signIn } from '../acceptance/people.ts';
import { plainPng, RED } from '../acceptance/test-pictures.ts';

const { aws, outputs } = inject('rehearsal');
const iam = new IAMClient(aws);
const lambda = new LambdaClient(aws);
const dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(aws));
const POLICY = 'deny-avatars';

/** The first pause of a message, and its jitter. */
const FIRST_PAUSE = 7000;
const PROMISED = 15_000;

async function recordOf(uploadId: string): Promise<Readonly<Record<string, unknown>>> {
  const key = { TableName: outputs.TableName, Key: { pk: `UPLOAD#${uploadId}` }, ConsistentRead: true };
  return (await dynamoDb.send(new GetCommand(key))).Item ?? {};
}

let role = '';

/** On the role and not on the bucket, because the emulator does not evaluate bucket policies. */
beforeEach(async () => {
  const name = outputs.ProcessUploadFunctionName;
  const { Role = '' } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  role = Role.slice(Role.lastIndexOf('/') + 1);
  const Statement = [{ Effect: 'Deny', Action: 's3:PutObject', Resource: `arn:aws:s3:::${outputs.BucketName}/*` }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName: role, PolicyName: POLICY, PolicyDocument }));
});

const allow = () => iam.send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: POLICY }));
afterEach(() => allow().catch(() => {}));

it('an upload whose worker is denied to write is ready within 15 s of its next retry once the denial ends', async () => {
  const ada = await signIn();
  const picture = await plainPng(RED);
  const ticket = await requestTicket(ada, picture);
  await send(ticket, picture.bytes);
  await expect
    .poll(async () => (await recordOf(ticket.uploadId)).failingSince, { timeout: 60_000, interval: 100 })
    .toBeTypeOf('string');
  const { failingSince, ...failed } = await recordOf(ticket.uploadId);
  expect(failed).toMatchObject({ status: 'processing', attempts: 0 });

  await allow();
  const allowedAt = Date.now();
  expect(await waitForEnd(ada, ticket.uploadId)).toMatchObject({ status: 'ready' });
  const { finishedAt } = await recordOf(ticket.uploadId);
  const nextRetry = Date.parse(String(failingSince)) + FIRST_PAUSE;
  expect(Date.parse(String(finishedAt)) - Math.max(allowedAt, nextRetry)).toBeLessThan(PROMISED);
});
