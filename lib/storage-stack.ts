import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { FUNCTION_SIZES } from './constructs/function-sizes.ts';
import { ImageCdn } from './constructs/image-cdn.ts';
import { type KeySpace, keySpaceOf } from './constructs/key-space.ts';
import { createLinkSecret } from './constructs/link-secret.ts';
import { MetadataTable } from './constructs/metadata-table.ts';
import { PrivateBucket } from './constructs/private-bucket.ts';
import { removalPolicyOf } from './constructs/removal-policy.ts';
import { announceUploads } from './constructs/upload-notification.ts';
import { WorkQueue } from './constructs/work-queue.ts';
import type { StageConfig } from './stage-config.ts';

export interface StorageStackProps {
  readonly stackName: string;
  readonly config: StageConfig;
}

/**
 * The stateful resources: files, records and queues. The uploads queue is here because the bucket sends notifications
 * to it, and the CDN because the bucket's policy names it.
 */
export class StorageStack extends Stack {
  readonly keys: KeySpace;
  readonly bucket: IBucket;
  readonly table: ITable;
  readonly cdn: ImageCdn;
  readonly uploads: WorkQueue;
  readonly maintenance: WorkQueue;
  readonly linkSecretArn: string;

  constructor(scope: Construct, id: string, { config, stackName }: StorageStackProps) {
    const description = 'Unified File Storage: files, records, queues and the CDN';
    super(scope, id, { stackName, description, terminationProtection: config.removalPolicy === 'retain' });
    const removalPolicy = removalPolicyOf(config);
    this.keys = keySpaceOf(config.bucketPath);
    const { bucket, logs } = new PrivateBucket(this, 'Storage', {
      keys: this.keys,
      allowedOrigins: config.allowedOrigins,
      logRetentionDays: config.logRetentionDays,
      removalPolicy,
    });
    this.bucket = bucket;
    this.uploads = new WorkQueue(this, 'Uploads', {
      functionTimeoutSeconds: FUNCTION_SIZES['process-upload'].timeoutSeconds,
    });
    this.maintenance = new WorkQueue(this, 'Maintenance', {
      functionTimeoutSeconds: FUNCTION_SIZES.maintenance.timeoutSeconds,
    });
    announceUploads({ bucket, queue: this.uploads.queue, keyPrefix: this.keys.temporary });
    this.table = new MetadataTable(this, 'Metadata', { removalPolicy }).table as ITable;
    this.linkSecretArn = createLinkSecret(this, removalPolicy);
    this.cdn = new ImageCdn(this, 'Cdn', { bucket, logs, keys: this.keys, domain: config.cdnDomain });
    this.#tell();
  }

  #tell(): void {
    const outputs = {
      BucketName: this.bucket.bucketName,
      TableName: this.table.tableName,
      CdnDomain: this.cdn.domainName,
      LinkSecretArn: this.linkSecretArn,
      DistributionDomain: this.cdn.distribution.distributionDomainName,
      UploadsQueueUrl: this.uploads.queue.queueUrl,
      UploadsDeadLettersUrl: this.uploads.deadLetters.queueUrl,
      MaintenanceQueueUrl: this.maintenance.queue.queueUrl,
      MaintenanceDeadLettersUrl: this.maintenance.deadLetters.queueUrl,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
