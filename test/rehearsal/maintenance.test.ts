import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, inject, it } from 'vitest';
import { deleteAvatar, upload } from '../acceptance/client.ts';
import { signIn } from '../acceptance/people.ts';
import { plainPng, RED } from '../acceptance/test-pictures.ts';

const { aws, outputs } = inject('rehearsal');
const s3 = new S3Client({ ...aws, forcePathStyle: true });

async function keysBelow(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs.BucketName, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key.slice(prefix.length));
}

it('a deleted avatar leaves no object in the bucket, by a message of the queue', async () => {
  const ada = await signIn();
  expect(await upload(ada, await plainPng(RED))).toMatchObject({ status: 'ready' });
  const prefix = `tenant/a/avatars${ada.avatar}/`;
  expect(await keysBelow(prefix)).toHaveLength(7);
  await deleteAvatar(ada);
  await expect.poll(() => keysBelow(prefix), { timeout: 60_000, interval: 200 }).toEqual([]);
});
