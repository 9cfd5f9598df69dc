import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { installOnce, type RunningEngine, runCommand, startEngine, startOnFreePorts } from './engine-process.ts';

const VERSION = '1.5.33';
const ROOT = join(import.meta.dirname, '../..');

/** An AWS of one account on 127.0.0.1, without what is not deployed into it. */
export interface RunningAws extends RunningEngine {
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly account: string;
  /** Of the account's root: everything is allowed to it. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** PEM files of the server's certificate, for every host of this AWS and for 127.0.0.1. It trusts itself. */
  readonly certificate: { readonly cert: string; readonly key: string };
}

/**
 * ministack: an emulator that takes `cdk deploy`, runs the functions and holds them to the rights of their roles. Its
 * data is in memory and gone with `stop()`.
 * @throws EngineUnavailableError without Python 3.
 */
export async function startMinistack(): Promise<RunningAws> {
  const programs = join(await installOnce(`ministack-${VERSION}`, install), 'bin');
  return startOnFreePorts({ count: 1 }, ([port = 0]) => startOn(port, programs));
}

async function startOn(port: number, programs: string): Promise<RunningAws> {
  const python = join(programs, 'python');
  const directory = await mkdtemp(join(tmpdir(), 'ministack-'));
  const removeData = () => rm(directory, { recursive: true, force: true });
  try {
    await runCommand(python, [join(import.meta.dirname, 'make-certificate.py'), directory]);
    const certificate = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
    const temporary = join(directory, 'tmp');
    await mkdir(temporary);
    // Functions are started from below it, by a script that is CommonJS whatever a package.json above it says.
    await writeFile(join(temporary, 'package.json'), '{"type":"commonjs"}');
    const env = {
      // Functions run with the first `node` on the path, custom resources with the first `python3`.
      PATH: [programs, join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      NODE_PATH: join(ROOT, 'node_modules'),
      TMPDIR: temporary,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      // Signatures are verified and the rights of roles hold.
      AUTH: 'true',
      USE_SSL: '1',
      MINISTACK_SSL_CERT: certificate.cert,
      MINISTACK_SSL_KEY: certificate.key,
      NODE_EXTRA_CA_CERTS: certificate.cert,
      AWS_CA_BUNDLE: certificate.cert,
      REQUESTS_CA_BUNDLE: certificate.cert,
      SSL_CERT_FILE: certificate.cert,
      IOT_MTLS_ENABLED: '0',
      S3_PERSIST: '0',
    };
    const isReady = () => answersWell(port);
    const args = ['-m', 'ministack'];
    const engine = await startEngine({ command: python, args, env, logFile: join(directory, 'log'), isReady });
    return {
      endpoint: `https://127.0.0.1:${port}`,
      port,
      region: 'us-east-1',
      account: '000000000000',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      certificate,
      stop: () => engine.stop().finally(removeData),
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}

async function install(folder: string): Promise<void> {
  await runCommand('python3', ['-m', 'venv', folder]);
  const packages = [`ministack==${VERSION}`, 'boto3', 'cryptography'];
  await runCommand(join(folder, 'bin/python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...packages,
  ]);
}

/** Its certificate is not looked at: whether it can be trusted is for those who use it. */
function answersWell(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/_ministack/health', rejectUnauthorized: false };
    const asked = request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', reject).end();
  });
}
