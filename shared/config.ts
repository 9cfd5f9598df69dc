import * as z from 'zod/mini';
import { InvalidConfigurationError } from './errors.ts';

const UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** An environment variable: how its text is read, what it accepts in words, and its default. */
interface Variable<T> {
  readonly read: z.ZodMiniType<T, string>;
  readonly accepts: string;
  readonly fallback: T;
}

function variable<T>(read: z.ZodMiniType<T, string>, accepts: string, fallback: T): Variable<T> {
  return { read, accepts, fallback };
}

function wholeNumber(minimum: number, maximum: number, fallback: number): Variable<number> {
  const digits = z.string().check(z.regex(/^\d{1,16}$/));
  const number = z.int().check(z.gte(minimum), z.lte(maximum));
  return variable(
    z.pipe(z.pipe(digits, z.transform(Number)), number),
    `a whole number from ${minimum} to ${maximum}`,
    fallback,
  );
}

/** Parses a size, as `10485760` or `10 MiB`, into bytes; undefined for any other text. */
export function byteSizeOf(text: string): number | undefined {
  const [, digits, unit = 'B'] = /^(\d{1,15}) ?(B|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit as keyof typeof UNITS];
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function byteSize(fallback: number, maximum = Number.MAX_SAFE_INTEGER, minimum = 1): Variable<number> {
  const bytes = z.int().check(z.gte(minimum), z.lte(maximum));
  const range = maximum === Number.MAX_SAFE_INTEGER ? '' : `, from ${minimum} to ${maximum}`;
  const read = z.pipe(z.pipe(z.string(), z.transform(byteSizeOf)), bytes);
  return variable(read as z.ZodMiniType<number, string>, `bytes, as 10485760 or 10 MiB${range}`, fallback);
}

function oneOf<const T extends string>(values: readonly T[], fallback: T): Variable<T> {
  return variable(z.enum(values) as unknown as z.ZodMiniType<T, string>, `one of ${values.join(', ')}`, fallback);
}

function text(pattern: RegExp, accepts: string, fallback: string): Variable<string> {
  return variable(z.string().check(z.regex(pattern)), accepts, fallback);
}

/** A setting that may be absent; then it is the empty string. */
function optionalText(pattern: RegExp, accepts: string): Variable<string> {
  return text(pattern, accepts, '');
}

const claimName = (fallback: string) => text(/^[\x21-\x7e]{1,128}$/, 'the name of a token claim', fallback);

const ENDPOINT = /^https?:\/\/[^\s/?#]+$/;

/** Every setting of the service, under the name of its environment variable. */
const VARIABLES = {
  STORAGE_BACKEND: oneOf(['local', 's3'], 'local'),
  UPLOAD_DIRECTORY: text(/\S/, 'a folder', './uploads'),
  AWS_REGION: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, as eu-central-1', 'us-east-1'),
  S3_BUCKET_NAME: optionalText(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'),
  S3_BUCKET_PATH: optionalText(
    /^(?!.*(^|\/)\.{1,2}(\/|$))[\w!.*'()-]+(\/[\w!.*'()-]+)*$/,
    'a key prefix without a slash at either end',
  ),
  CLOUDFRONT_DOMAIN: optionalText(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name'),
  METADATA_TABLE_NAME: optionalText(/^[A-Za-z0-9_.-]{3,255}$/, 'the name of a DynamoDB table; unset: SQLite'),
  UPLOAD_QUEUE_URL: optionalText(/^https?:\/\/\S+$/, 'the URL of a queue'),
  MAINTENANCE_QUEUE_URL: optionalText(/^https?:\/\/\S+$/, 'the URL of a queue'),
  CLOUDFRONT_DISTRIBUTION_ID: optionalText(/^[A-Z0-9]+$/, 'the id of a distribution'),
  LINK_SECRET_ARN: optionalText(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/, 'the ARN of a secret'),
  AWS_ENDPOINT_URL: optionalText(ENDPOINT, 'a URL without a path'),
  AWS_ENDPOINT_URL_S3: optionalText(ENDPOINT, 'a URL without a path'),
  HOST: text(/^[A-Za-z0-9.:-]+$/, 'a host name or address to listen on', '127.0.0.1'),
  PORT: wholeNumber(0, 65_535, 3000),
  PUBLIC_BASE_URL: text(/^(https?:\/\/[^\s/?#]+(\/[^\s?#]+)*)?$/, 'an http or https URL without a final slash', ''),
  SUBJECT_CLAIM: claimName('sub'),
  ORGANIZATION_CLAIM: claimName('organization'),
  ROLES_CLAIM: claimName('roles'),
  AGENT_BINDING: oneOf(['first-ticket', 'registered'], 'first-ticket'),
  AVATAR_MAX_BYTES: byteSize(40 * UNITS.MiB),
  ATTACHMENT_MAX_BYTES: byteSize(5 * UNITS.GiB, 5 * UNITS.GiB),
  ATTACHMENT_TYPES: text(
    /^(\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))(,(\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+)))*$/,
    'media types with commas between, as image/*,application/pdf; or *',
    '*',
  ),
  MULTIPART_THRESHOLD: byteSize(100 * UNITS.MiB, 5 * UNITS.GiB, 5 * UNITS.MiB),
  STRIP_MAX_BYTES: byteSize(64 * UNITS.MiB, 256 * UNITS.MiB),
  ORGANIZATION_BYTES: byteSize(10 * UNITS.GiB),
  ORGANIZATION_FILES: wholeNumber(0, 1_000_000_000, 100_000),
  OPEN_UPLOADS_PER_USER: wholeNumber(1, 1_000, 20),
  SENT_UPLOADS_PER_USER: wholeNumber(1, 10_000, 200),
  // Uploaded bytes are removed after 7 days, so an upload must have ended before.
  GIVE_UP_HOURS: wholeNumber(1, 144, 24),
} as const;

type VariableName = keyof typeof VARIABLES;
type Value<V> = V extends Variable<infer T> ? T : never;
/** The settings as read: one value for each environment variable. */
export type Config = { readonly [N in VariableName]: Value<(typeof VARIABLES)[N]> };

/**
 * Reads every setting once. An unset or empty variable has its default.
 * @throws InvalidConfigurationError that names each bad variable and what it accepts.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const entries = (Object.keys(VARIABLES) as VariableName[]).map((name) => {
    const { read, accepts, fallback } = VARIABLES[name] as Variable<unknown>;
    const raw = environment[name];
    if (raw === undefined || raw === '') return [name, defaultOf(name, environment) ?? fallback];
    const parsed = z.safeParse(read, raw);
    if (!parsed.success) faults.push(`${name} is "${raw}"; it accepts ${accepts}`);
    return [name, parsed.data];
  });
  const config = Object.fromEntries(entries) as Config;
  if (config.STORAGE_BACKEND === 's3' && config.S3_BUCKET_NAME === '') {
    faults.push('S3_BUCKET_NAME is not set; with STORAGE_BACKEND=s3 it must be the name of a bucket');
  }
  if (config.STORAGE_BACKEND === 'local' && config.METADATA_TABLE_NAME !== '') {
    faults.push('METADATA_TABLE_NAME is set; it goes with STORAGE_BACKEND=s3: a table is shared, a folder is not');
  }
  if (faults.length > 0) throw new InvalidConfigurationError(faults.join('\n'));
  return config;
}

/** In production the default is S3: a folder would be lost with its machine. */
function defaultOf(name: VariableName, { NODE_ENV }: Readonly<Record<string, string | undefined>>): string | undefined {
  return name === 'STORAGE_BACKEND' && NODE_ENV === 'production' ? 's3' : undefined;
}

/** The configured names of the claims with the caller's id, organization and roles. */
export function claimNamesOf(config: Config): { subject: string; organization: string; roles: string } {
  return { subject: config.SUBJECT_CLAIM, organization: config.ORGANIZATION_CLAIM, roles: config.ROLES_CLAIM };
}

/** Every variable with its default and what it accepts, for the documentation. */
export function describeConfig(): { name: string; accepts: string; fallback: string }[] {
  return Object.entries(VARIABLES).map(([name, { accepts, fallback }]) => ({ name, accepts, fallback: `${fallback}` }));
}
