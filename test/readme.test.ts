import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../', import.meta.url).pathname;
const ADDRESS = 'http://127.0.0.1:3000';

describe("README's walk", () => {
  let folder: string;
  let server: ReturnType<typeof spawn>;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'readme-'));
    const env = { ...process.env, UPLOAD_DIRECTORY: folder, PORT: '0' };
    server = spawn(process.execPath, ['bin/local.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = server.stdout ? await once(server.stdout, 'data') : [];
    url = /at (\S+)\n/.exec(String(line))?.[1] ?? '';
  });
  afterAll(async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
    await rm(folder, { recursive: true });
  });

  it('takes a photo to three sizes and away again, pasted as it stands but for the address', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const lines = /<!-- walk -->\n```sh\n(.*?)```/s.exec(readme)?.[1] ?? '';
    expect(lines).toContain(ADDRESS);
    const script = lines.replaceAll(ADDRESS, url).replace('-o ada.webp', `-o ${join(folder, 'ada.webp')}`);
    const env = { ...process.env, UPLOAD_DIRECTORY: folder };
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: ROOT, env });
    const [upload, info] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(upload.status).toBe('ready');
    expect(Object.keys(info.sizes)).toEqual(['small', 'medium', 'large']);
    expect((await readFile(join(folder, 'ada.webp'))).subarray(8, 12).toString()).toBe('WEBP');
    expect((await fetch(`${url}/api/v1/users/ada/avatar?fallback=404`)).status).toBe(404);
  });
});
