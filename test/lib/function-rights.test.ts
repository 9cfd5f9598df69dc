import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import type { FunctionName } from '../../lib/function-bundle.ts';
import { FULL_STAGE, type Resource, resourcesOf, synthesizeStage, textOf } from './synthesize-stage.ts';

/** Every right of every function: resource -> actions. No function may do anything else. */
const RIGHTS: Record<FunctionName, Record<string, string>> = {
  'public-api': {
    'its log/': 'logs:CreateLogStream logs:PutLogEvents',
    'table/': 'dynamodb:GetItem',
    'bucket/': 's3:ListBucket',
    'bucket/team/files/attachments/*': 's3:GetObject',
    'bucket/team/files/previews/*': 's3:GetObject',
    'link secret': 'secretsmanager:GetSecretValue',
  },
  api: {
    'its log/': 'logs:CreateLogStream logs:PutLogEvents',
    'table/': 'dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem',
    'table/index/byOrganization': 'dynamodb:Query',
    'table/index/byOwner': 'dynamodb:Query',
    'table/index/byContext': 'dynamodb:Query',
    'bucket/': 's3:ListBucket',
    'bucket/team/files/temp/uploads/*': 's3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject',
    'uploads queue/': 'sqs:SendMessage',
    'maintenance queue/': 'sqs:SendMessage',
    'link secret': 'secretsmanager:GetSecretValue',
  },
  'process-upload': {
    'its log/': 'logs:CreateLogStream logs:PutLogEvents',
    'table/': 'dynamodb:BatchGetItem dynamodb:ConditionCheckItem dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem',
    'bucket/': 's3:ListBucket',
    'bucket/team/files/temp/uploads/*': 's3:DeleteObject s3:GetObject s3:GetObjectTagging',
    'bucket/team/files/avatars/*': 's3:DeleteObject s3:GetObject s3:GetObjectTagging s3:PutObject',
    'bucket/team/files/attachments/*': 's3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:PutObject',
    'bucket/team/files/previews/*': 's3:DeleteObject s3:GetObject s3:PutObject',
    'uploads queue/':
      'sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage',
  },
  maintenance: {
    'its log/': 'logs:CreateLogStream logs:PutLogEvents',
    'table/': 'dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:UpdateItem',
    'table/index/work': 'dynamodb:Query',
    'bucket/': 's3:ListBucket',
    'bucket/team/files/temp/uploads/*': 's3:AbortMultipartUpload s3:DeleteObject s3:GetObject',
    'bucket/team/files/avatars/*': 's3:DeleteObject s3:GetObject',
    'bucket/team/files/attachments/*': 's3:DeleteObject s3:GetObject',
    'bucket/team/files/previews/*': 's3:DeleteObject s3:GetObject',
    'uploads queue/': 'sqs:SendMessage',
    'maintenance queue/':
      'sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage sqs:SendMessage',
    'arn:AWS::Partition:cloudfront::AWS::AccountId:distribution/distribution': 'cloudfront:CreateInvalidation',
  },
};

/** What the resources of the statements are called in the table. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^\S*ExportsOutputFnGetAttStorageFiles[0-9A-F]{8}Arn[0-9A-F]{8}\/?/, 'bucket/'],
  [/^\S*ExportsOutputFnGetAttMetadataTable[0-9A-F]{8}Arn[0-9A-F]{8}\/?/, 'table/'],
  [/^\S*ExportsOutputFnGetAttUploadsQueue[0-9A-F]{8}Arn[0-9A-F]{8}$/, 'uploads queue/'],
  [/^\S*ExportsOutputFnGetAttMaintenanceQueue[0-9A-F]{8}Arn[0-9A-F]{8}$/, 'maintenance queue/'],
  [/^\S*ExportsOutputFnGetAttLinkSecret[0-9A-F]{8}Id[0-9A-F]{8}$/, 'link secret'],
  [/(?<=distribution\/)\S*ExportsOutputRefCdnDistribution\w+$/, 'distribution'],
];

const { service } = synthesizeStage(FULL_STAGE);

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

function rightsIn(template: Template, name: FunctionName): Record<string, string> {
  const role = roleOf(template, name);
  const log = logOf(template, name);
  const actions: Record<string, string[]> = {};
  for (const { Effect, Action, Resource: resource, ...conditions } of statementsOf(template, role)) {
    expect({ Effect, conditions }).toEqual({ Effect: 'Allow', conditions: {} });
    for (const one of [resource].flat()) {
      const text = textOf(one).replace(`${log}.Arn`, 'its log/');
      const named = NAMES.reduce((result, [pattern, label]) => result.replace(pattern, label), text);
      actions[named] = [...(actions[named] ?? []), ...[Action].flat()];
    }
  }
  return Object.fromEntries(Object.entries(actions).map(([resource, all]) => [resource, all.sort().join(' ')]));
}

function functionOf(template: Template, name: FunctionName): Resource {
  const all = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
  const found = all.find(({ Properties: { Description } }) => Description === `Unified File Storage: ${name}`);
  if (!found) throw new RangeError(`no function ${name}`);
  return found;
}

const roleOf = (template: Template, name: FunctionName): string =>
  functionOf(template, name).Properties.Role['Fn::GetAtt'][0];
const logOf = (template: Template, name: FunctionName): string =>
  functionOf(template, name).Properties.LoggingConfig.LogGroup.Ref;

function statementsOf(template: Template, role: string): Statement[] {
  const policies = Object.values(resourcesOf(template, 'AWS::IAM::Policy'));
  const own = policies.filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => Ref === role));
  return own.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
}

describe('the rights of a function', () => {
  it.each(Object.keys(RIGHTS) as FunctionName[])('%s has the rights of the table, and no others', (name) => {
    expect(rightsIn(service, name)).toEqual(RIGHTS[name]);
  });

  it('belong to a role of its own, which has no others', () => {
    const names = Object.keys(RIGHTS) as FunctionName[];
    const roles = names.map((name) => roleOf(service, name));
    expect(Object.keys(resourcesOf(service, 'AWS::IAM::Role')).sort()).toEqual([...new Set(roles)].sort());
    for (const { Properties } of Object.values(resourcesOf(service, 'AWS::IAM::Role'))) {
      expect(Object.keys(Properties).sort()).toEqual(['AssumeRolePolicyDocument', 'Tags']);
    }
  });

  it('let no function that responds to requests delete anything', () => {
    for (const name of ['public-api', 'api'] as const) {
      expect(Object.values(rightsIn(service, name)).join(' ')).not.toMatch(/delete/i);
    }
  });
});
