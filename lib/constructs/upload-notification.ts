import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnQueuePolicy, Queue } from 'aws-cdk-lib/aws-sqs';

export interface UploadNotification {
  readonly bucket: IBucket;
  readonly queue: Queue;
  /** New objects whose keys begin so are announced. */
  readonly keyPrefix: string;
}

/**
 * Announces new objects in the queue. By the properties of the bucket itself: `addEventNotification` would deploy a
 * function of CDK's own, with rights on every bucket, to set them.
 */
export function announceUploads({ bucket, queue, keyPrefix }: UploadNotification): void {
  const { account } = Stack.of(bucket);
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'UploadNotifications',
      effect: Effect.ALLOW,
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // Not the bucket's ARN: the bucket waits for this policy, and so cannot be named in it.
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  );
  const cfnBucket = bucket.node.defaultChild as CfnBucket;
  cfnBucket.notificationConfiguration = {
    queueConfigurations: [
      {
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value: keyPrefix }] } },
      },
    ],
  };
  // S3 tries the queue when it is told of it, and refuses one that does not admit it.
  cfnBucket.addResourceDependency(queue.node.findChild('Policy').node.defaultChild as CfnQueuePolicy);
}
