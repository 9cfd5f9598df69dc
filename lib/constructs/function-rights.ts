import { Stack } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { LIST_INDEXES, WORK_INDEX } from '../../shared/metadata/dynamodb/table-schema.ts';
import type { FunctionName } from '../function-bundle.ts';
import type { KeySpace } from './key-space.ts';

/** What the functions work on. */
export interface ServiceResources {
  readonly bucket: IBucket;
  readonly keys: KeySpace;
  readonly table: ITable;
  readonly uploadsQueue: IQueue;
  readonly maintenanceQueue: IQueue;
  readonly distribution: IDistribution;
  readonly linkSecretArn: string;
}

/**
 * What each function may do, besides writing its log and taking messages from its own queue. The functions that answer
 * requests delete nothing, and read no object that a client wrote but the size of one: only the worker and maintenance
 * do.
 *
 * All may list the bucket: without that right S3 says "forbidden" of a key that is absent.
 */
export function rightsOf(name: FunctionName, resources: ServiceResources): PolicyStatement[] {
  return RIGHTS[name](resources);
}

const RIGHTS: Readonly<Record<FunctionName, (resources: ServiceResources) => PolicyStatement[]>> = {
  'public-api': ({ bucket, keys, table, linkSecretArn }) => [
    allow(['dynamodb:GetItem'], [table.tableArn]),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(['s3:GetObject'], objects(bucket, [keys.attachments, keys.previews])),
    allow(['secretsmanager:GetSecretValue'], [linkSecretArn]),
  ],
  api: ({ bucket, keys, table, uploadsQueue, maintenanceQueue, linkSecretArn }) => [
    allow(
      ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'].map((action) => `dynamodb:${action}`),
      [table.tableArn],
    ),
    allow(
      ['dynamodb:Query'],
      LIST_INDEXES.map(({ name }) => `${table.tableArn}/index/${name}`),
    ),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      objects(bucket, [keys.temporary]),
    ),
    allow(['sqs:SendMessage'], [uploadsQueue.queueArn, maintenanceQueue.queueArn]),
    allow(['secretsmanager:GetSecretValue'], [linkSecretArn]),
  ],
  'process-upload': ({ bucket, keys, table }) => [
    allow(
      ['GetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'].map((action) => `dynamodb:${action}`),
      [table.tableArn],
    ),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(
      ['s3:GetObject', 's3:GetObjectTagging', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      everyObject(bucket, keys),
    ),
    allow(['s3:PutObject'], objects(bucket, [keys.avatars, keys.attachments, keys.previews])),
  ],
  maintenance: ({ bucket, keys, table, distribution, uploadsQueue }) => [
    allow(
      // Avatars with a due purge are read together.
      ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'].map(
        (action) => `dynamodb:${action}`,
      ),
      [table.tableArn],
    ),
    allow(['dynamodb:Query'], [`${table.tableArn}/index/${WORK_INDEX.name}`]),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(['s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], everyObject(bucket, keys)),
    allow(['sqs:SendMessage'], [uploadsQueue.queueArn]),
    allow(['cloudfront:CreateInvalidation'], [arnOf(distribution)]),
  ],
};

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({ actions: [...actions], resources: [...resources] });
}

function objects(bucket: IBucket, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`));
}

function everyObject(bucket: IBucket, { temporary, avatars, attachments, previews }: KeySpace): string[] {
  return objects(bucket, [temporary, avatars, attachments, previews]);
}

function arnOf(distribution: IDistribution): string {
  return Stack.of(distribution).formatArn({
    service: 'cloudfront',
    region: '',
    resource: 'distribution',
    resourceName: distribution.distributionId,
  });
}
