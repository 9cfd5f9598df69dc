import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Target } from './global-setup.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MIB = 1024 ** 2;
const ORGANIZATION_BYTES = 60 * MIB;
const MULTIPART_THRESHOLD = 6 * MIB;
const LARGE_ORGANIZATION = 'org-of-3-gib';
const START_MILLISECONDS = 30_000;

/** Local mode over a new folder inside `folder`, on a free port, until `stop`. `more`: settings besides. */
export async function startLocalTarget(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Target & { stop(): Promise<void> }> {
  const uploads = join(folder, 'uploads');
  const logFile = join(folder, 'server.log');
  const settings = join(folder, 'target.env');
  const variables = { UPLOAD_DIRECTORY: uploads, PORT: 0, ORGANIZATION_BYTES, MULTIPART_THRESHOLD, ...more };
  await writeFile(
    settings,
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const log = await open(logFile, 'w');
  const node = (script: string) => ['--env-file', settings, join(ROOT, script)];
  // Vitest's own variables, NODE_ENV among them, are no settings of the service.
  const server = spawn(process.execPath, node('bin/local.ts'), {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', log.fd],
  });
  await log.close();
  const baseUrl = await addressOf(server).catch(async (cause) => {
    server.kill();
    throw new Error(`local mode did not start:\n${await readFile(logFile, 'utf8')}`, { cause });
  });
  await promisify(execFile)(process.execPath, [
    ...node('bin/ops.ts'),
    'limits',
    LARGE_ORGANIZATION,
    '--bytes',
    '3 GiB',
  ]);
  return {
    baseUrl,
    largeOrganization: LARGE_ORGANIZATION,
    tokenCommand: [process.execPath, ...node('bin/token.ts')].map((word) => JSON.stringify(word)).join(' '),
    organizationBytes: ORGANIZATION_BYTES,
    multipartThreshold: MULTIPART_THRESHOLD,
    agentBinding: 'first-ticket',
    patience: 0,
    differences: {},
    async stop() {
      await stop(server);
      await requireNothingLeft(uploads);
    },
  };
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('no output to read');
  const signal = AbortSignal.timeout(START_MILLISECONDS);
  for await (const line of createInterface({ input: server.stdout, signal })) {
    const url = /^Unified File Storage is ready at (\S+)$/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error('it did not say where it is');
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.kill('SIGTERM')) await once(server, 'exit');
  const { exitCode, signalCode } = server;
  if (exitCode !== 0) throw new Error(`local mode ended with ${signalCode ?? exitCode} instead of 0`);
}

/** Every upload ended, so neither bytes of clients, nor half-written files, nor dead letters may be left. */
async function requireNothingLeft(uploads: string): Promise<void> {
  const entries = await readdir(uploads, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const left = paths.filter((path) => /[\\/](temp|\.incoming)[\\/]|dead-letters/.test(path.slice(uploads.length)));
  if (left.length > 0) throw new Error(`local mode left files behind:\n${left.join('\n')}`);
}
