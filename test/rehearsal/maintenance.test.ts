import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { expect, inject, it } from 'vitest';
import { api, deleteAvatar, requestTicket, upload } from '../acceptance/client.ts';
import { signIn } from '../acceptance/people.ts';
import { plainPng, RED } from '../acceptance/test-pictures.ts';
import { runWith } from './deployment.ts';

const ROOT = join(import.meta.dirname, '../..');
const { aws, outputs } = inject('rehearsal');
const s3 = new S3Client({ ...aws, forcePathStyle: true });
const dynamoDb = DynamoDBDocumentClient.from(new DynamoDBClient(aws));

async function keysBelow(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs.BucketName, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key.slice(prefix.length));
}

/** As if the upload were two hours older than it is. */
async function age(uploadId: string): Promise<void> {
  const before = new Date(Date.now() - 2 * 3_600_000).toISOString();
  await dynamoDb.send(
    new UpdateCommand({
      TableName: outputs.TableName,
      Key: { pk: `UPLOAD#${uploadId}` },
      ConditionExpression: 'attribute_exists(pk)',
      UpdateExpression: 'SET urlExpiresAt = :before, acceptUntil = :before, workAt = :before',
      ExpressionAttributeValues: { ':before': before },
    }),
  );
}

it('a deleted avatar leaves no object in the bucket, by a message of the queue', async () => {
  const ada = await signIn();
  expect(await upload(ada, await plainPng(RED))).toMatchObject({ status: 'ready' });
  const prefix = `tenant/a/avatars${ada.avatar}/`;
  expect(await keysBelow(prefix)).toHaveLength(7);
  await deleteAvatar(ada);
  await expect.poll(() => keysBelow(prefix), { timeout: 60_000, interval: 200 }).toEqual([]);
});

it('a ticket that nobody used expires by the sweep, which an operator may call', async () => {
  const ada = await signIn();
  const { uploadId } = await requestTicket(ada, await plainPng(RED));
  await age(uploadId);
  const sweep = [join(ROOT, 'bin/invoke.ts'), join(ROOT, 'events/maintenance-schedule.json')];
  await runWith(aws, [...sweep, '--function', `${outputs.MaintenanceFunctionName}`]);
  const { body } = await api('GET', `/uploads/${uploadId}`, { token: ada.token });
  expect(body).toMatchObject({ status: 'expired' });
});
