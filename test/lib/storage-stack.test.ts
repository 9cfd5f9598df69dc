import { describe, expect, it } from 'vitest';
import {
  EXPIRY_ATTRIBUTE,
  projectionOf,
  TABLE_INDEXES,
  TABLE_KEY,
} from '../../shared/metadata/dynamodb/table-schema.ts';
import { FULL_STAGE, resourceOf, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { storage, service } = synthesizeStage(FULL_STAGE);
const small = synthesizeStage({ ...SMALL_STAGE, removalPolicy: 'destroy' });
const bucket = resourceOf(storage, 'AWS::S3::Bucket', 'StorageFiles');

/** A resource whose logical id changes is replaced, and the service loses what the old one held. */
const STATEFUL = {
  'AWS::S3::Bucket': ['StorageFiles48C02C92', 'StorageLogs2A2D4D26'],
  'AWS::DynamoDB::Table': ['MetadataTableC8A01DE2'],
  'AWS::CloudFront::Distribution': ['CdnDistribution149FA6C8'],
  'AWS::SQS::Queue': [
    'MaintenanceDeadLetters0289426A',
    'MaintenanceQueue1C78BE40',
    'UploadsDeadLetters990BC9BA',
    'UploadsQueue9C3802C9',
  ],
};

describe('the stateful resources', () => {
  it.each(Object.entries(STATEFUL))('%s keep their logical ids', (type, ids) => {
    expect(Object.keys(resourcesOf(storage, type)).sort()).toEqual(ids);
    expect(resourcesOf(service, type)).toEqual({});
  });

  it('include the user pool of a stage without an issuer', () => {
    expect(Object.keys(resourcesOf(small.service, 'AWS::Cognito::UserPool'))).toEqual(['Users0A0EEA89']);
    expect(Object.keys(resourcesOf(small.service, 'AWS::Cognito::UserPoolClient'))).toEqual(['UsersClient3B43F2CF']);
  });

  it('are retained when their stack is deleted, unless the stage is configured otherwise', () => {
    const types = ['AWS::S3::Bucket', 'AWS::DynamoDB::Table'];
    const policiesIn = (template: typeof storage) =>
      types.flatMap((type) => Object.values(resourcesOf(template, type)).map(({ DeletionPolicy }) => DeletionPolicy));
    expect(new Set(policiesIn(storage))).toEqual(new Set(['Retain']));
    expect(new Set(policiesIn(small.storage))).toEqual(new Set(['Delete']));
    expect(resourceOf(storage, 'AWS::DynamoDB::Table').Properties.DeletionProtectionEnabled).toBe(true);
  });
});

describe('the bucket', () => {
  it.each(['StorageFiles', 'StorageLogs'])('%s is private, encrypted, and reached by TLS only', (id) => {
    const { Properties } = resourceOf(storage, 'AWS::S3::Bucket', id);
    expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(textOf(Properties.BucketEncryption.ServerSideEncryptionConfiguration[0])).toBe('AES256');
    const { Statement } = resourceOf(storage, 'AWS::S3::BucketPolicy', id).Properties.PolicyDocument;
    const everyone = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*' };
    expect(Statement).toContainEqual(
      expect.objectContaining({ ...everyone, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    expect(Statement).toContainEqual(
      expect.objectContaining({ ...everyone, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
    );
  });

  it('keeps deleted files for a week, and temporary files for a week and a day', () => {
    expect(bucket.Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'remove-what-was-replaced',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
        ExpiredObjectDeleteMarker: true,
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
      {
        Id: 'remove-temporary-files',
        Status: 'Enabled',
        Prefix: 'team/files/temp/uploads/',
        ExpirationInDays: 7,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      },
      {
        Id: 'tier-attachments',
        Status: 'Enabled',
        Prefix: 'team/files/attachments/',
        Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 0 }],
      },
    ]);
  });

  it("allows uploads from the stage's origins, and reads from any origin that has a URL", () => {
    expect(bucket.Properties.CorsConfiguration.CorsRules).toEqual([
      {
        Id: 'upload',
        AllowedMethods: ['PUT', 'POST'],
        AllowedOrigins: FULL_STAGE.allowedOrigins,
        AllowedHeaders: ['content-type', 'if-none-match', 'x-amz-checksum-sha256'],
        ExposedHeaders: ['ETag'],
        MaxAge: 3600,
      },
      { Id: 'read', AllowedMethods: ['GET', 'HEAD'], AllowedOrigins: ['*'], MaxAge: 3600 },
    ]);
  });

  it('logs access', () => {
    const { DestinationBucketName } = bucket.Properties.LoggingConfiguration;
    expect(textOf(DestinationBucketName)).toBe('StorageLogs2A2D4D26');
  });

  it('sends notifications of what clients write, and of nothing else, once the queue allows them', () => {
    expect(bucket.Properties.NotificationConfiguration).toEqual({
      QueueConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Queue: { 'Fn::GetAtt': ['UploadsQueue9C3802C9', 'Arn'] },
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'team/files/temp/uploads/' }] } },
        },
      ],
    });
    expect(bucket.DependsOn).toEqual(['UploadsQueuePolicy7B9CF620']);
    const { PolicyDocument } = resourceOf(storage, 'AWS::SQS::QueuePolicy', 'UploadsQueuePolicy').Properties;
    expect(PolicyDocument.Statement).toContainEqual({
      Sid: 'UploadNotifications',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: { 'Fn::GetAtt': ['UploadsQueue9C3802C9', 'Arn'] },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
  });
});

describe('a queue', () => {
  it.each([
    ['Uploads', 720],
    ['Maintenance', 360],
  ])('%s has a visibility timeout of six times the function timeout, %i s, and five receives', (id, seconds) => {
    const { Properties } = resourceOf(storage, 'AWS::SQS::Queue', `${id}Queue`);
    expect(Properties.VisibilityTimeout).toBe(seconds);
    expect(Properties.RedrivePolicy.maxReceiveCount).toBe(5);
    expect(textOf(Properties.RedrivePolicy.deadLetterTargetArn)).toMatch(`${id}DeadLetters`);
  });

  it.each(STATEFUL['AWS::SQS::Queue'])('%s is encrypted and reached by TLS only', (id) => {
    expect(resourceOf(storage, 'AWS::SQS::Queue', id).Properties.SqsManagedSseEnabled).toBe(true);
    const policies = Object.values(resourcesOf(storage, 'AWS::SQS::QueuePolicy'));
    const own = policies.find(({ Properties }) => textOf(Properties.Queues[0]) === id);
    expect(own?.Properties.PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});

describe('the table', () => {
  it('has the schema of the adapter, on-demand billing, point-in-time recovery and a time to live', () => {
    const { Properties } = resourceOf(storage, 'AWS::DynamoDB::Table');
    expect(Properties.KeySchema).toEqual([{ AttributeName: TABLE_KEY, KeyType: 'HASH' }]);
    expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
    expect(Properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
    expect(Properties.TimeToLiveSpecification).toEqual({ AttributeName: EXPIRY_ATTRIBUTE, Enabled: true });
    expect(Properties.GlobalSecondaryIndexes).toEqual(
      TABLE_INDEXES.map((index) => ({
        IndexName: index.name,
        KeySchema: [
          { AttributeName: index.partitionKey, KeyType: 'HASH' },
          { AttributeName: index.sortKey, KeyType: 'RANGE' },
        ],
        Projection: projectionOf(index),
      })),
    );
  });
});

it('has outputs for all that its users need', () => {
  expect(Object.keys(storage.findOutputs('*', {}))).toEqual(
    expect.arrayContaining(['BucketName', 'TableName', 'CdnDomain', 'UploadsQueueUrl', 'MaintenanceQueueUrl']),
  );
});
