import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { InvalidConfigurationError } from '../shared/errors.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The useful retention periods that CloudWatch Logs accepts, in days (API reference, PutRetentionPolicy). */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

function text(pattern: RegExp, accepts: string) {
  return z.string({ error: accepts }).regex(pattern, { error: accepts });
}

function wholeNumber(minimum: number, maximum: number) {
  const accepts = `a whole number from ${minimum} to ${maximum}`;
  return z.int({ error: accepts }).gte(minimum, { error: accepts }).lte(maximum, { error: accepts });
}

function oneOf<const T extends readonly (string | number)[]>(values: T) {
  return z.literal(values, { error: `one of ${values.join(', ')}` });
}

function list<T extends z.ZodType>(item: T, accepts: string) {
  return z.array(item, { error: accepts }).min(1, { error: accepts });
}

function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'invalid_type' ? `the keys ${Object.keys(shape).join(', ')}` : undefined),
  });
}

function domain(region: string, where: string) {
  const arn = new RegExp(`^arn:aws[a-z-]*:acm:${region}:\\d{12}:certificate/[\\w-]+$`);
  return group({
    name: text(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name, as files.example.com').describe('The domain.'),
    certificateArn: text(arn, `the ARN of a certificate of ACM ${where}`).describe('A certificate for the domain.'),
  });
}

const claim = (fallback: string) => text(/^[\x21-\x7e]{1,128}$/, 'the name of a token claim').default(fallback);

/** The configuration of a stage, each key with its meaning. Numbers have the same bounds as in the service itself. */
const STAGE = group({
  name: text(/^[a-z][a-z0-9-]{0,39}$/, 'lower case letters, digits and hyphens, at most 40')
    .default('unified-file-storage')
    .describe('The first part of the names of the stacks.'),
  allowedOrigins: list(
    text(/^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1))(:\d{1,5})?$/, 'an https origin without a path'),
    'a list of https origins, as ["https://app.example.com"]',
  ).describe('Origins whose pages may call the API and upload.'),
  apiDomain: domain('[a-z0-9-]+', "in the stage's region")
    .optional()
    .describe('Custom domain of the API; without it, the domain of API Gateway.'),
  cdnDomain: domain('us-east-1', 'in us-east-1')
    .optional()
    .describe('Custom domain of the image URLs; without it, the domain of CloudFront.'),
  jwt: group({
    issuer: text(/^https:\/\/[^\s?#]+$/, 'the https URL of the issuer, as its tokens say it').describe('Its `iss`.'),
    audience: list(text(/^\S+$/, 'an audience without spaces'), 'a list of audiences, one at least').describe(
      'A token must have one of them as its `aud`.',
    ),
    subjectClaim: claim('sub').describe('Claim with the id of the caller.'),
    organizationClaim: claim('organization').describe('Claim with the organization.'),
    rolesClaim: claim('roles').describe('Claim with the roles: `admin`, `service` or neither.'),
  })
    .optional()
    .describe('The issuer of the tokens; without it, the stage has a Cognito user pool.'),
  agentBinding: oneOf(['registered', 'first-ticket'])
    .default('registered')
    .describe('How an agent is bound to an organization: by a service, or by its first ticket.'),
  attachmentTypes: list(
    text(/^(\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))$/, 'a media type, as application/pdf or image/*, or *'),
    'a list of media types, as ["image/*", "application/pdf"], or ["*"]',
  )
    .default(['*'])
    .describe('Media types that are accepted as attachments.'),
  limits: group({
    avatarMaxBytes: wholeNumber(1, 100 * MIB)
      .default(40 * MIB)
      .describe('The largest image that is accepted as an avatar, in bytes.'),
    attachmentMaxBytes: wholeNumber(1, 5 * GIB)
      .default(5 * GIB)
      .describe('The largest attachment that is accepted, in bytes.'),
    multipartThreshold: wholeNumber(5 * MIB, 5 * GIB)
      .default(100 * MIB)
      .describe('Larger files are sent by multipart upload, in bytes.'),
    stripMaxBytes: wholeNumber(1, 256 * MIB)
      .default(64 * MIB)
      .describe('Larger images are not held in memory, so their metadata cannot be removed, in bytes.'),
    organizationBytes: wholeNumber(1, Number.MAX_SAFE_INTEGER)
      .default(10 * GIB)
      .describe('Quota of a new organization, in bytes.'),
    organizationFiles: wholeNumber(0, 1_000_000_000)
      .default(100_000)
      .describe('Quota of a new organization, in files.'),
    openUploadsPerUser: wholeNumber(1, 1_000)
      .default(20)
      .describe('Tickets that a person may hold whose bytes have not arrived.'),
    sentUploadsPerUser: wholeNumber(1, 10_000)
      .default(200)
      .describe('Uploads that a person may have sent that are not finished.'),
    giveUpHours: wholeNumber(1, 144)
      .default(24)
      .describe('Hours after which an upload that keeps failing ends as rejected.'),
    concurrentUploads: wholeNumber(2, 1_000)
      .default(5)
      .describe('Uploads that are processed at a time; a new account may run ten functions at a time in all.'),
    concurrentMaintenance: wholeNumber(2, 1_000)
      .default(3)
      .describe('Purges and sweeps from the queue that run at a time, besides the scheduled sweep.'),
    requestsPerSecond: wholeNumber(1, 10_000)
      .default(200)
      .describe('Requests per second of the whole API; bursts may be twice as large.'),
  })
    .prefault({})
    .describe('Limits of the service.'),
  logRetentionDays: oneOf(RETENTION_DAYS).default(30).describe('How long logs are kept.'),
  alarmEmail: text(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'an e-mail address')
    .optional()
    .describe('Where alarms are sent; without it they are only shown in the dashboard.'),
  removalPolicy: oneOf(['retain', 'destroy'])
    .default('retain')
    .describe('What happens to buckets, table and user pool when their stack is deleted.'),
  architecture: oneOf(['arm64', 'x86_64']).default('arm64').describe('The processor architecture of the functions.'),
  bucketPath: text(/^([\w!.*'()-]+(\/[\w!.*'()-]+)*)?$/, 'a key prefix without a slash at either end, or nothing')
    .default('')
    .describe('Prefix of every key in the bucket; empty: none.'),
});

/** The configuration of a stage, with its defaults. */
export type StageConfig = Readonly<z.output<typeof STAGE>>;

export interface Stage {
  /** Its name in the context: `dev`. */
  readonly stage: string;
  readonly config: StageConfig;
}

/** The part of a construct's node that reads the context (cdk.json, and `--context` of the command line). */
interface Context {
  tryGetContext(key: string): unknown;
}

/**
 * Reads the stage that the context `stage` names (`dev` without it): from `stages` in cdk.json, or from the JSON file
 * that the context `stageFile` names.
 * @throws InvalidConfigurationError with a sentence for each fault, naming the key and what it accepts.
 */
export function readStage(context: Context): Stage {
  const stage: unknown = context.tryGetContext('stage') ?? 'dev';
  if (typeof stage !== 'string' || !/^[a-z][a-z0-9]{0,15}$/.test(stage)) {
    throw new InvalidConfigurationError(
      `stage is ${shown(stage)}; it accepts at most 16 lower case letters and digits`,
    );
  }
  const file: unknown = context.tryGetContext('stageFile');
  if (typeof file === 'string') return { stage, config: parseStage(file, readJson(file)) };
  const stages = context.tryGetContext('stages') as Readonly<Record<string, unknown>> | undefined;
  if (stages?.[stage] === undefined) {
    const known = Object.keys(stages ?? {}).join(', ');
    throw new InvalidConfigurationError(`stage is ${shown(stage)}; cdk.json has stages for ${known || 'none'}`);
  }
  return { stage, config: parseStage(`stages.${stage}`, stages[stage]) };
}

/**
 * Checks the configuration of a stage and fills in the defaults. `source`: where it was read, for the messages.
 * @throws InvalidConfigurationError with a sentence for each fault, naming the key and what it accepts.
 */
export function parseStage(source: string, said: unknown): StageConfig {
  const parsed = STAGE.safeParse(said, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InvalidConfigurationError(parsed.error.issues.map((issue) => faultOf(source, issue)).join('\n'));
}

function faultOf(source: string, issue: z.core.$ZodIssue): string {
  const key = [source, ...issue.path].join('.');
  if (issue.code === 'unrecognized_keys') {
    return `${key} has the unknown key ${issue.keys.map(shown).join(', ')}; it accepts ${acceptedAt(issue.path)}`;
  }
  const is = issue.input === undefined ? 'not set' : shown(issue.input);
  return `${key} is ${is}; it accepts ${issue.message}`;
}

/** A key as it is documented: `limits.avatarMaxBytes`. */
interface StageKey {
  readonly name: string;
  readonly meaning: string;
  readonly accepts: string;
  /** Empty: there is none. */
  readonly fallback: string;
  /** Without it, the stage or the group that it belongs to is refused. */
  readonly isRequired: boolean;
}

/** Every key of a stage, a group before its own keys, for the documentation. */
export function describeStage(): StageKey[] {
  return keysOf(STAGE, '');
}

function keysOf({ shape }: z.ZodObject, prefix: string): StageKey[] {
  return Object.entries(shape as Record<string, z.ZodType>).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    const described: StageKey = {
      name,
      meaning: schema.description ?? '',
      accepts: schema.safeParse(null).error?.issues[0]?.message ?? '',
      fallback: schema instanceof z.ZodDefault ? `${schema.def.defaultValue}` : '',
      isRequired: !schema.safeParse(undefined).success,
    };
    const inner = unwrapped(schema);
    return [described, ...(inner instanceof z.ZodObject ? keysOf(inner, `${name}.`) : [])];
  });
}

function acceptedAt(path: readonly PropertyKey[]): string {
  let schema: unknown = STAGE;
  for (const key of path) schema = unwrapped((schema as z.ZodObject).shape[String(key)]);
  return Object.keys((schema as z.ZodObject).shape).join(', ');
}

/** The object below `optional` and `prefault`. */
function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault ? unwrapped(schema.unwrap()) : schema;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new InvalidConfigurationError(`stageFile is ${shown(file)}; it accepts a file of JSON`, { cause });
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
