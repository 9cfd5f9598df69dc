import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../functions/local/owner-lock.ts';

const ENTRY = new URL('../../../bin/local.ts', import.meta.url).pathname;

/** Whether another process could own the folder now. */
function isFree(folder: string): boolean {
  try {
    lockFolder({ path: join(folder, '.service/owner.sqlite'), folder }).release();
    return true;
  } catch {
    return false;
  }
}

describe('the local service as a process', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  function start(environment: Record<string, string>) {
    const env = { PATH: process.env.PATH ?? '', PORT: '0', UPLOAD_DIRECTORY: folder, ...environment };
    return spawn(process.execPath, [ENTRY], { env });
  }

  async function urlOf(child: ReturnType<typeof start>): Promise<string> {
    const [line] = await once(child.stdout, 'data');
    return /^Unified File Storage is ready at (\S+)\n$/.exec(String(line))?.[1] ?? `unexpected: ${line}`;
  }

  /** Exit code and message of a start that fails. */
  async function failure(environment: Record<string, string>): Promise<{ code: number; message: string }> {
    const child = start(environment);
    const [message, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    return { code, message };
  }

  it('prints one line with its address, is ready then, and ends cleanly on SIGTERM', async () => {
    const child = start({});
    const url = await urlOf(child);
    expect((await fetch(`${url}/api/v1/health/ready`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends when npm, which started it, is ended', async () => {
    const env = { PATH: process.env.PATH ?? '', PORT: '0', UPLOAD_DIRECTORY: folder };
    const npm = spawn('npm', ['start', '--silent'], { env, cwd: join(import.meta.dirname, '../../..') });
    const url = await urlOf(npm);
    npm.kill('SIGTERM');
    await expect
      .poll(
        () =>
          fetch(`${url}/api/v1/health`).then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 10_000 },
      )
      .toBe('down');
    await expect.poll(() => isFree(folder), { timeout: 10_000 }).toBe(true);
  });

  it('hands out addresses below PUBLIC_BASE_URL, wherever it listens', async () => {
    const child = start({ PUBLIC_BASE_URL: 'https://files.example.com/store' });
    expect(await urlOf(child)).toBe('https://files.example.com/store');
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  it('does not start on a bad setting, and says which and what it accepts', async () => {
    const { code, message } = await failure({ AVATAR_MAX_BYTES: 'lots' });
    expect([code, message]).toEqual([1, 'AVATAR_MAX_BYTES is "lots"; it accepts bytes, as 10485760 or 10 MiB\n']);
  });

  it('does not start in production', async () => {
    const { code, message } = await failure({ NODE_ENV: 'production', STORAGE_BACKEND: 'local' });
    expect([code, message]).toEqual([1, expect.stringMatching(/^NODE_ENV is "production"; [^\n]*\n$/)]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a file', '/dev/null'],
    ['a place where nobody may write', '/sys/uploads'],
  ])('does not start over %s, and says what the folder must be', async (_, place) => {
    const { code, message } = await failure({ UPLOAD_DIRECTORY: place });
    const accepts = `UPLOAD_DIRECTORY is "${place}"; it accepts a folder that this user may write to`;
    expect([code, message]).toEqual([1, expect.stringContaining(accepts)]);
  });

  it.each(['link-secret', 'token-key.json', 'metadata.sqlite', 'owner.sqlite'])(
    'does not start with a damaged %s, and names the file',
    async (name) => {
      await mkdir(join(folder, '.service'));
      await writeFile(join(folder, '.service', name), 'junk');
      const { code, message } = await failure({});
      expect([code, message]).toEqual([1, expect.stringMatching(new RegExp(`^[^\\n]*${name}[^\\n]*\\n$`))]);
    },
  );

  it('does not start over a folder that another process owns', async () => {
    const owner = start({});
    await urlOf(owner);
    const { code, message } = await failure({});
    expect([code, message]).toEqual([1, expect.stringContaining('is in use by another process')]);
    owner.kill('SIGTERM');
    await once(owner, 'exit');
  });

  it('does not start on a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, message } = await failure({ PORT: String(port) });
    expect([code, message]).toEqual([1, expect.stringContaining(`PORT ${port} is in use`)]);
    other.close();
  });
});
