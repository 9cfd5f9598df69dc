import { Stack } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { LIST_INDEXES, WORK_INDEX } from '../../shared/metadata/dynamodb/table-schema.ts';
import type { FunctionName } from '../function-bundle.ts';
import type { KeySpace } from './key-space.ts';

/** The resources that the functions use. */
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
 * What each function may do, besides writing its log and receiving messages from its own queue. The functions that
 * respond to requests delete nothing, and of the objects that clients wrote they read no more than the size: only the
 * worker and maintenance do.
 *
 * All may list the bucket: without that right S3 responds "forbidden" for a key that is absent.
 */
export function rightsOf(name: FunctionName, resources: ServiceResources): PolicyStatement[] {
  return RIGHTS[name](resources);
}

const RIGHTS: Readonly<Record<FunctionName, (resources: ServiceResources) => PolicyStatement[]>> = {
  'public-api': ({ bucket, keys, table, linkSecretArn }) => [
    allow(records('GetItem'), [table.tableArn]),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(['s3:GetObject'], objects(bucket, [keys.attachments, keys.previews])),
    allow(['secretsmanager:GetSecretValue'], [linkSecretArn]),
  ],
  api: ({ bucket, keys, table, uploadsQueue, maintenanceQueue, linkSecretArn }) => [
    allow(records('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'), [table.tableArn]),
    allow(records('Query'), indexes(table, LIST_INDEXES)),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      objects(bucket, [keys.temporary]),
    ),
    allow(['sqs:SendMessage'], [uploadsQueue.queueArn, maintenanceQueue.queueArn]),
    allow(['secretsmanager:GetSecretValue'], [linkSecretArn]),
  ],
  'process-upload': ({ bucket, keys, table }) => [
    allow(records('GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'), [table.tableArn]),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(['s3:GetObject', 's3:DeleteObject'], everyObject(bucket, keys)),
    allow(['s3:PutObject'], objects(bucket, [keys.avatars, keys.attachments, keys.previews])),
    // Originals are copied: an attachment from what was uploaded, that of a render from the version before it. A copy
    // takes tags along; one of a large attachment is made of parts.
    allow(['s3:GetObjectTagging'], objects(bucket, [keys.temporary, keys.avatars])),
    allow(['s3:AbortMultipartUpload'], objects(bucket, [keys.attachments])),
  ],
  maintenance: ({ bucket, keys, table, distribution, uploadsQueue, maintenanceQueue }) => [
    allow(records('GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'), [table.tableArn]),
    allow(records('Query'), indexes(table, [WORK_INDEX])),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    allow(['s3:GetObject', 's3:DeleteObject'], everyObject(bucket, keys)),
    allow(['s3:AbortMultipartUpload'], objects(bucket, [keys.temporary])),
    allow(['sqs:SendMessage'], [uploadsQueue.queueArn, maintenanceQueue.queueArn]),
    allow(['cloudfront:CreateInvalidation'], [arnOf(distribution)]),
  ],
};

function records(...actions: readonly string[]): string[] {
  return actions.map((action) => `dynamodb:${action}`);
}

function indexes(table: ITable, all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => `${table.tableArn}/index/${name}`);
}

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
