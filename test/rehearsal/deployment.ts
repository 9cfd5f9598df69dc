import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { RunningAws } from '../engines/ministack.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const STAGE = 'rehearsal';

/** An account, as whoever works in it knows it. */
export type Account = Pick<RunningAws, 'endpoint' | 'region' | 'credentials' | 'certificate'>;

/** The outputs of both stacks, by name. */
export type Outputs = Readonly<Record<string, string>>;

/** The stacks in an account, from `cdk bootstrap` to `cdk destroy`. */
export class Deployment {
  readonly #aws: RunningAws;
  readonly #folder: string;

  private constructor(aws: RunningAws, folder: string) {
    this.#aws = aws;
    this.#folder = folder;
  }

  /** `stage`: what cdk.json would say of it. */
  static async prepare(aws: RunningAws, stage: object): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'));
    await writeFile(join(folder, 'stage.json'), JSON.stringify(stage));
    return new Deployment(aws, folder);
  }

  /** From an empty folder: beside cdk.json it would synthesize the product's app for nothing. */
  async bootstrap(): Promise<void> {
    const empty = join(this.#folder, 'empty');
    await mkdir(empty);
    await this.#cdk(['bootstrap', `aws://${this.#aws.account}/${this.#aws.region}`], empty);
  }

  async deploy(): Promise<Outputs> {
    const outputsFile = join(this.#folder, 'outputs.json');
    const options = ['--require-approval', 'never', '--outputs-file', outputsFile];
    await this.#cdk(['deploy', '--all', ...this.#about, ...options]);
    const byStack = JSON.parse(await readFile(outputsFile, 'utf8')) as Record<string, Outputs>;
    return Object.assign({}, ...Object.values(byStack)) as Outputs;
  }

  async destroy(): Promise<void> {
    await this.#cdk(['destroy', '--all', '--force', ...this.#about]);
  }

  /** Removes what was written on this machine. */
  async forget(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #cdk(args: readonly string[], cwd = ROOT): Promise<void> {
    await runWith(this.#aws, [join(ROOT, 'bin/cdk.ts'), ...args], cwd);
  }

  /** What every command on the product's app says. */
  get #about(): readonly string[] {
    const app = `node ${join(import.meta.dirname, 'rehearsal-app.ts')}`;
    const output = join(this.#folder, 'cdk.out');
    const stageFile = `stageFile=${join(this.#folder, 'stage.json')}`;
    return ['--stage', STAGE, '--context', stageFile, '--app', app, '--output', output];
  }
}

/**
 * Runs a command of the product as somebody who works in the account, and resolves to what it prints.
 * @throws Error with its output if it fails.
 */
export async function runWith(
  { endpoint, region, credentials, certificate }: Account,
  [script = '', ...args]: readonly string[],
  cwd = ROOT,
): Promise<string> {
  const env = {
    ...process.env,
    PATH: [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    NODE_EXTRA_CA_CERTS: certificate.cert,
    AWS_CA_BUNDLE: certificate.cert,
    CDK_DISABLE_CLI_TELEMETRY: '1',
    CI: 'true',
  };
  try {
    const options = { cwd, env, maxBuffer: 64 * 1024 ** 2 };
    return (await promisify(execFile)('node', [script, ...args], options)).stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${script} ${args[0]} failed:\n${`${stdout}${stderr}`.slice(-4000)}`, { cause });
  }
}
