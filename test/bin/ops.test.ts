import { exec } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalTarget } from '../acceptance/local-target.ts';
import { runScript } from './run-command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ops-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function ops(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runScript('ops', words, { UPLOAD_DIRECTORY: join(folder, 'uploads') });
  return code === 0 ? JSON.parse(stdout) : { code, stderr };
}

/** What a ticket of 1,000 bytes is answered with. */
async function ask({ baseUrl, tokenCommand }: Awaited<ReturnType<typeof startLocalTarget>>, organization: string) {
  const token = (await promisify(exec)(`${tokenCommand} --sub ada --org ${organization}`)).stdout.trim();
  const wish = { filename: 'a.txt', contentType: 'text/plain', contentLength: 1000, visibility: 'private' };
  const answer = await fetch(`${baseUrl}/api/v1/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as { code?: string; detail?: string; uploadId?: string },
  };
}

describe('the limits of an organization', () => {
  it('are the configured ones at first, and then what was set', async () => {
    expect(await ops('limits', 'acme')).toMatchObject({ bytesLimit: 10 * 1024 ** 3, filesLimit: 100_000 });
    expect(await ops('limits', 'acme', '--bytes', '2 KiB')).toMatchObject({ bytesLimit: 2048, filesLimit: 100_000 });
    expect(await ops('limits', 'acme', '--files', '5')).toMatchObject({
      bytesLimit: 2048,
      filesLimit: 5,
      filesFree: 5,
    });
  });

  it.each([
    ['--bytes', 'lots'],
    ['--files', '-1'],
  ])('refuse %s %s', async (option, value) => {
    expect(await ops('limits', 'acme', option, value)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/It accepts/),
    });
  });

  it('hold for a server that runs over the folder, which counts what is stored', async () => {
    const target = await startLocalTarget(folder);
    expect(await ask(target, 'acme')).toMatchObject({ status: 201 });
    expect(await ask(target, 'acme')).toMatchObject({ status: 201 });
    expect(await ask(target, 'acme')).toMatchObject({ status: 409, body: { code: 'quota_exceeded', bytesFree: 48 } });
    expect(await ops('limits', 'acme', '--bytes', '3000')).toMatchObject({ bytesFree: 1000 });
    expect(await ask(target, 'acme')).toMatchObject({ status: 201 });
    expect(await ops('repair-quota', 'acme')).toEqual({ result: 'right' });
    await target.stop();
  });
});

describe('a pause', () => {
  it('of one organization refuses its uploads and no others', async () => {
    const target = await startLocalTarget(folder);
    expect(await ops('pause', 'closed')).toMatchObject({ state: 'paused' });
    expect(await ask(target, 'closed')).toMatchObject({ status: 403, body: { code: 'organization_closed' } });
    expect(await ask(target, 'other')).toMatchObject({ status: 201 });
    expect(await ops('resume', 'closed')).toMatchObject({ state: 'active' });
    expect(await ask(target, 'closed')).toMatchObject({ status: 201 });
    await target.stop();
  });

  it('of the service refuses all uploads, and says why', async () => {
    expect(await ops('pause', '--reason', 'moving to another region')).toMatchObject({ uploadsPaused: true });
    const target = await startLocalTarget(folder);
    const body = { code: 'uploads_paused', detail: 'moving to another region' };
    expect(await ask(target, 'other')).toMatchObject({ status: 503, body });
    await target.stop();
    expect(await ops('resume')).toEqual({ uploadsPaused: false });
  });
});
