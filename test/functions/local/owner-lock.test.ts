import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../functions/local/owner-lock.ts';

const MODULE = new URL('../../../functions/local/owner-lock.ts', import.meta.url).href;

describe('the lock of a folder', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
    path = join(folder, 'owner.sqlite');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps a second owner out and names the setting', () => {
    const lock = lockFolder({ path, folder });
    expect(() => lockFolder({ path, folder })).toThrow(/^UPLOAD_DIRECTORY ".*" is in use by another process/);
    lock.release();
  });

  it('is free after its release', () => {
    lockFolder({ path, folder }).release();
    lockFolder({ path, folder }).release();
  });

  it('is free as soon as its owner was killed', async () => {
    const code = `const { lockFolder } = await import(${JSON.stringify(MODULE)});
      lockFolder(${JSON.stringify({ path, folder })}); console.log('locked'); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', code]);
    await once(owner.stdout, 'data');
    expect(() => lockFolder({ path, folder })).toThrow(/in use/);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    lockFolder({ path, folder }).release();
  });
});
