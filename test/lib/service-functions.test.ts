import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../functions/settings.ts';
import { readConfig } from '../../shared/config.ts';
import { FULL_STAGE, type Resource, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { service } = synthesizeStage(FULL_STAGE);
const { service: small } = synthesizeStage(SMALL_STAGE);

const IDS = ['PublicApiFunction', 'ApiFunction', 'ProcessUploadFunction', 'MaintenanceFunction'];

function functionOf(template: Template, id: string): Resource {
  const found = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).find(
    ([logicalId]) => logicalId.replace(/[0-9A-F]{8}$/, '') === id,
  );
  return found?.[1] ?? expect.fail(`no ${id}`);
}

function environmentOf(template: Template, id: string): Record<string, unknown> {
  return functionOf(template, id).Properties.Environment.Variables;
}

describe('a function', () => {
  it.each([
    ['PublicApiFunction', 512, 5],
    ['ApiFunction', 512, 29],
    ['ProcessUploadFunction', 2048, 120],
    ['MaintenanceFunction', 1769, 60],
  ])('%s has %i MB and %i s', (id, MemorySize, Timeout) => {
    expect(functionOf(service, id).Properties).toMatchObject({ MemorySize, Timeout, Runtime: 'nodejs24.x' });
  });

  it.each(IDS)('%s has the architecture of the stage, and its log the retention', (id) => {
    const { Architectures, LoggingConfig } = functionOf(service, id).Properties;
    expect(Architectures).toEqual(['x86_64']);
    expect(functionOf(small, id).Properties.Architectures).toEqual(['arm64']);
    const log = resourcesOf(service, 'AWS::Logs::LogGroup')[LoggingConfig.LogGroup.Ref];
    expect(log?.Properties.RetentionInDays).toBe(90);
  });

  it('stops a worker before its lease ends', () => {
    const { leaseSeconds } = settingsOf(readConfig({}), { baseUrl: 'https://api.example.com', bucketName: 'files' });
    expect(functionOf(service, 'ProcessUploadFunction').Properties.Timeout).toBeLessThanOrEqual(leaseSeconds);
  });
});

describe('the environment of a function', () => {
  it.each(IDS)('%s names the service after its stack in logs and metrics, so that stages stay separate', (id) => {
    expect(environmentOf(small, id).POWERTOOLS_SERVICE_NAME).toBe('unified-file-storage-test-service');
  });

  /** Values that only a deployment knows, as they may then be. */
  const KNOWN_LATER: Record<string, string> = {
    S3_BUCKET_NAME: 'files-storagefiles48c02c92-1a2b3c4d5e6f',
    METADATA_TABLE_NAME: 'files-test-storage-MetadataTableC8A01DE2-1A2B3C4D5E6F',
    UPLOAD_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/files-UploadsQueue9C3802C9-x',
    MAINTENANCE_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/files-MaintenanceQueue1C78BE40-x',
    CLOUDFRONT_DISTRIBUTION_ID: 'E2QWRUHAPOMQZL',
    CLOUDFRONT_DOMAIN: 'd111111abcdef8.cloudfront.net',
    PUBLIC_BASE_URL: 'https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
  };

  function configIn(template: Template, id: string) {
    const variables = Object.entries(environmentOf(template, id));
    const known = variables.map(([name, value]) => [name, typeof value === 'string' ? value : KNOWN_LATER[name]]);
    return readConfig(Object.fromEntries(known));
  }

  it.each(IDS)('%s has the configuration of the stage', (id) => {
    const { limits } = FULL_STAGE;
    expect(configIn(service, id)).toMatchObject({
      STORAGE_BACKEND: 's3',
      S3_BUCKET_PATH: 'team/files',
      CLOUDFRONT_DOMAIN: 'images.example.com',
      PUBLIC_BASE_URL: 'https://api.example.com',
      SUBJECT_CLAIM: 'uid',
      ORGANIZATION_CLAIM: 'org',
      ROLES_CLAIM: 'groups',
      AGENT_BINDING: 'first-ticket',
      AVATAR_MAX_BYTES: limits.avatarMaxBytes,
      ATTACHMENT_MAX_BYTES: limits.attachmentMaxBytes,
      ATTACHMENT_TYPES: 'image/*,application/pdf',
      MULTIPART_THRESHOLD: limits.multipartThreshold,
      STRIP_MAX_BYTES: limits.stripMaxBytes,
      ORGANIZATION_BYTES: limits.organizationBytes,
      ORGANIZATION_FILES: limits.organizationFiles,
      OPEN_UPLOADS_PER_USER: limits.openUploadsPerUser,
      SENT_UPLOADS_PER_USER: limits.sentUploadsPerUser,
      GIVE_UP_HOURS: limits.giveUpHours,
    });
  });

  it('falls back to safe choices: registered agents, the claims of the user pool, no prefix', () => {
    expect(configIn(small, 'ApiFunction')).toMatchObject({
      S3_BUCKET_PATH: '',
      AGENT_BINDING: 'registered',
      SUBJECT_CLAIM: 'sub',
      ORGANIZATION_CLAIM: 'custom:organization',
      ROLES_CLAIM: 'cognito:groups',
      ...KNOWN_LATER,
    });
  });

  it('names the resources of the storage stack', () => {
    const variables = environmentOf(small, 'MaintenanceFunction');
    expect(textOf(variables.S3_BUCKET_NAME)).toMatch(/RefStorageFiles/);
    expect(textOf(variables.METADATA_TABLE_NAME)).toMatch(/RefMetadataTable/);
    expect(textOf(variables.UPLOAD_QUEUE_URL)).toMatch(/RefUploadsQueue/);
    expect(textOf(variables.MAINTENANCE_QUEUE_URL)).toMatch(/RefMaintenanceQueue/);
    expect(textOf(variables.CLOUDFRONT_DISTRIBUTION_ID)).toMatch(/RefCdnDistribution/);
    expect(textOf(variables.LINK_SECRET_ARN)).toMatch(/GetAttLinkSecret\w+Id/);
  });
});

describe('work', () => {
  it.each([
    ['UploadsQueue', 'ProcessUploadFunction', 40],
    ['MaintenanceQueue', 'MaintenanceFunction', 20],
  ])(
    'of the %s goes to %s, one message per call, %i calls at a time, and only failed messages are retried',
    (queue, id, maximum) => {
      const sources = Object.values(resourcesOf(service, 'AWS::Lambda::EventSourceMapping'));
      const source = sources.find(({ Properties }) => textOf(Properties.EventSourceArn).includes(queue));
      expect(textOf(source?.Properties.FunctionName).replace(/[0-9A-F]{8}$/, '')).toBe(id);
      expect(source?.Properties).toMatchObject({
        BatchSize: 1,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: maximum },
      });
    },
  );

  it('that is due is swept each minute, and a failed run is not retried', () => {
    const [rule, ...others] = Object.values(resourcesOf(service, 'AWS::Events::Rule'));
    expect(others).toEqual([]);
    expect(rule?.Properties).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    expect(textOf(rule?.Properties.Targets[0].Arn)).toMatch(/^MaintenanceFunction[0-9A-F]{8}\.Arn$/);
    const [asynchronous] = Object.values(resourcesOf(service, 'AWS::Lambda::EventInvokeConfig'));
    expect(asynchronous?.Properties.MaximumRetryAttempts).toBe(0);
  });
});
