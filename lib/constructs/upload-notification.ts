import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { CfnQueuePolicy, Queue } from 'aws-cdk-lib/aws-sqs';

export interface UploadNotification {
  readonly bucket: IBucket;
  readonly queue: Queue;
  /** New objects whose keys start with this are notified. */
  readonly keyPrefix: string;
}

/**
 * Sends notifications of new objects to the queue. Set as properties of the bucket itself, because
 * `addEventNotification` would deploy a function with rights on every bucket to set them.
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
      // Not the bucket's ARN: the bucket depends on this policy, so the policy cannot refer to the bucket.
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
  // S3 sends a test message when this is set, and refuses a queue that does not allow it.
  cfnBucket.addResourceDependency(queue.node.findChild('Policy').node.defaultChild as CfnQueuePolicy);
}
