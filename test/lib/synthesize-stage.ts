import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { withoutCode } from '../../lib/function-code.ts';
import { parseStage } from '../../lib/stage-config.ts';
import { createStageStacks } from '../../lib/stage-stacks.ts';

const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8')) as {
  readonly context: Record<string, unknown>;
};

const folder = mkdtempSync(join(tmpdir(), 'synthesized-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An app with the switches of CDK that a deployment has. What it writes is gone after the tests of the file. */
export function createApp(): App {
  return new App({ context, outdir: mkdtempSync(join(folder, 'cdk.out-')) });
}

const CERTIFICATE = '123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666';

/** A stage in which everything that may be said is said. */
export const FULL_STAGE = {
  name: 'files',
  allowedOrigins: ['https://app.example.com', 'https://admin.example.com:8443'],
  apiDomain: { name: 'api.example.com', certificateArn: `arn:aws:acm:eu-central-1:${CERTIFICATE}` },
  cdnDomain: { name: 'images.example.com', certificateArn: `arn:aws:acm:us-east-1:${CERTIFICATE}` },
  jwt: {
    issuer: 'https://login.example.com/',
    audience: ['files', 'chat'],
    subjectClaim: 'uid',
    organizationClaim: 'org',
    rolesClaim: 'groups',
  },
  agentBinding: 'first-ticket',
  attachmentTypes: ['image/*', 'application/pdf'],
  limits: {
    avatarMaxBytes: 5_000_000,
    attachmentMaxBytes: 2_000_000_000,
    multipartThreshold: 50_000_000,
    stripMaxBytes: 30_000_000,
    organizationBytes: 1_000_000_000,
    organizationFiles: 5000,
    openUploadsPerUser: 7,
    sentUploadsPerUser: 70,
    giveUpHours: 12,
    concurrentUploads: 40,
    concurrentMaintenance: 20,
    requestsPerSecond: 900,
  },
  logRetentionDays: 90,
  alarmEmail: 'operations@example.com',
  removalPolicy: 'retain',
  architecture: 'x86_64',
  bucketPath: 'team/files',
};

/** A stage of which only the origins are said. */
export const SMALL_STAGE = { allowedOrigins: ['https://app.example.com'] };

/** The templates of a stage's two stacks; its functions are not bundled. */
export function synthesizeStage(said: object): { readonly storage: Template; readonly service: Template } {
  const { storage, service } = createStageStacks(
    createApp(),
    { stage: 'test', config: parseStage('test', said) },
    withoutCode,
  );
  return { storage: Template.fromStack(storage), service: Template.fromStack(service) };
}

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template has as many forms as CloudFormation has resources
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** The resources of a type, by logical id. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return template.findResources(type) as Record<string, Resource>;
}

/** The only resource of a type whose logical id begins so. */
export function resourceOf(template: Template, type: string, idPrefix = ''): Resource {
  const found = Object.entries(resourcesOf(template, type)).filter(([id]) => id.startsWith(idPrefix));
  const [first] = found;
  if (!first || found.length > 1) throw new RangeError(`${found.length} resources ${type} ${idPrefix}*`);
  return first[1];
}

/** Logical ids, export names and what is joined to them, as one text: `StorageFiles48C02C92.Arn/avatars/*`. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = ['', '']] = Object.entries(value as Record<string, unknown>);
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(textOf).join('');
  if (name === 'Fn::GetAtt') return (argument as string[]).join('.');
  return textOf(argument);
}
