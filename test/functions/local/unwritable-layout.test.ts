import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalMode, startLocalMode } from '../../../functions/local/local-mode.ts';
import { lockFolder } from '../../../functions/local/owner-lock.ts';
import { readConfig } from '../../../shared/config.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

describe('local mode over a folder in which attachments/ is a link to another disk', () => {
  let parent: string;
  let folder: string;
  let started: LocalMode | undefined;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'layout-'));
    folder = join(parent, 'files');
    await mkdir(folder);
    await mkdir(join(parent, 'disk'));
  });
  afterEach(async () => {
    await started?.stop();
    started = undefined;
    await rm(parent, { recursive: true });
  });

  const linkAttachments = () => symlink(join(parent, 'disk'), join(folder, 'attachments'));

  async function start(): Promise<LocalMode> {
    const config = readConfig({ UPLOAD_DIRECTORY: folder, PORT: '0' });
    started = await startLocalMode({ config, nodeEnv: 'test', log, clock: () => new Date() });
    return started;
  }

  async function readiness({ url }: LocalMode): Promise<{ status: number; code?: unknown }> {
    const response = await fetch(`${url}/api/v1/health/ready`);
    const { code } = (await response.json()) as { readonly code?: unknown };
    return { status: response.status, ...(code !== undefined && { code }) };
  }

  it('does not start, says which folder is at fault, and leaves the folder free', async () => {
    await linkAttachments();
    await expect(start()).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/^UPLOAD_DIRECTORY "[^"]+" [^\n]*attachments[^\n]* symbolic link$/),
    });
    expect(await readdir(join(parent, 'disk'))).toEqual([]);
    lockFolder({ path: join(folder, '.service/owner.sqlite'), folder }).release();
  });

  it('starts once the link is replaced by a folder', async () => {
    await linkAttachments();
    await expect(start()).rejects.toThrow('attachments');
    await rm(join(folder, 'attachments'));
    expect(await readiness(await start())).toEqual({ status: 200 });
  });

  it('is ready no longer when the link appears while it runs, and is again without it', async () => {
    const local = await start();
    expect(await readiness(local)).toEqual({ status: 200 });
    await linkAttachments();
    expect(await readiness(local)).toEqual({ status: 500, code: 'storage_denied' });
    expect((await fetch(`${local.url}/api/v1/health`)).status).toBe(200);
    await rm(join(folder, 'attachments'));
    expect(await readiness(local)).toEqual({ status: 200 });
  });
});
