import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { KeySpace } from './key-space.ts';

export interface PrivateBucketProps {
  readonly keys: KeySpace;
  /** Origins whose pages may upload with a ticket. */
  readonly allowedOrigins: readonly string[];
  /** How long access logs are kept, in days. */
  readonly logRetentionDays: number;
  readonly removalPolicy: RemovalPolicy;
}

const CLOSED = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const;

/** The bucket of all files, which is only reached by signed URLs or through the CDN, and the bucket of access logs. */
export class PrivateBucket extends Construct {
  readonly bucket: IBucket;
  /** Also for the CDN's access logs. */
  readonly logs: IBucket;

  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id);
    // CDK's classes fit their interfaces only without `exactOptionalPropertyTypes`.
    this.logs = new Bucket(this, 'Logs', {
      ...CLOSED,
      // CloudFront writes standard logs by ACL (developer guide, "Permissions required to configure standard logging").
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(props.logRetentionDays) }],
      removalPolicy: props.removalPolicy,
    }) as IBucket;
    acknowledge(this.logs, { 'AwsSolutions-S1': 'A log of access to the logs would log itself without end.' });
    this.bucket = new Bucket(this, 'Files', {
      ...CLOSED,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      lifecycleRules: lifecycleOf(props.keys),
      cors: corsOf(props.allowedOrigins),
      metrics: [{ id: 'all' }],
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 's3/',
      removalPolicy: props.removalPolicy,
    }) as IBucket;
  }
}

/** In a versioned bucket, expiration only adds a delete marker: the bytes are removed with the noncurrent version. */
function lifecycleOf({ temporary, attachments }: KeySpace): LifecycleRule[] {
  return [
    {
      id: 'remove-what-was-replaced',
      noncurrentVersionExpiration: Duration.days(7),
      expiredObjectDeleteMarker: true,
      abortIncompleteMultipartUploadAfter: Duration.days(2),
    },
    {
      id: 'remove-temporary-files',
      prefix: temporary,
      expiration: Duration.days(7),
      noncurrentVersionExpiration: Duration.days(1),
    },
    {
      id: 'tier-attachments',
      prefix: attachments,
      transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
    },
  ];
}

function corsOf(allowedOrigins: readonly string[]) {
  return [
    {
      id: 'upload',
      allowedMethods: [HttpMethods.PUT, HttpMethods.POST],
      allowedOrigins: [...allowedOrigins],
      allowedHeaders: ['content-type', 'if-none-match', 'x-amz-checksum-sha256'],
      exposedHeaders: ['ETag'],
      maxAge: 3600,
    },
    {
      id: 'read',
      // A browser that follows a redirect of the API to the bucket sends `Origin: null`.
      allowedMethods: [HttpMethods.GET, HttpMethods.HEAD],
      allowedOrigins: ['*'],
      maxAge: 3600,
    },
  ];
}
