import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { openS3Storage } from '../storage/s3/open-s3-storage.ts';
import { clientOf } from './client.ts';
import { openEngineAdapters } from './engine-adapters.ts';
import { expectAtRest, shownTo } from './observed-state.ts';
import { plainPicture } from './plain-pictures.ts';
import { settle } from './settle.ts';
import { openWorld, type World } from './world.ts';

/** Denies everyone to write images of this world; other worlds in the bucket are not affected. */
async function denyImages(world: World): Promise<() => Promise<void>> {
  const { client, options, close } = openS3Storage();
  const Bucket = options.bucket;
  const Resource = `arn:aws:s3:::${Bucket}/${world.settings.bucket.keyPrefix}avatars/*`;
  const Statement = [{ Sid: 'deny', Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource }];
  await client.send(
    new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
  );
  const allow = async () => void (await client.send(new DeleteBucketPolicyCommand({ Bucket })));
  onTestFinished(async () => {
    await allow().catch(() => {});
    await close();
  });
  return allow;
}

it('an upload whose images a bucket policy denies is ready with the first retry after the policy is removed', async () => {
  const world = await openWorld(openEngineAdapters);
  const ada = clientOf(world, { sub: 'ada' });
  const { uploadId, event } = await ada.send(await plainPicture('red'));
  const allow = await denyImages(world);
  expect(await world.deliver(event)).toBe('failed');
  expect(await world.metadata.getUpload({ uploadId })).toMatchObject({ status: 'processing', attempts: 0 });
  expect(await shownTo(world, ada)).toBeUndefined();

  await allow();
  const pause = world.stateOf(event).visibleAt.getTime() - world.now().getTime();
  expect(pause).toBeLessThanOrEqual(7000);
  world.advance(pause);
  expect(await world.deliver(event)).toBe('acknowledged');
  expect(await shownTo(world, ada)).toBe('red');
  await settle(world);
  await expectAtRest(world, [ada]);
});
