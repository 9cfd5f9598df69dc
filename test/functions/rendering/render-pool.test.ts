import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RenderPool, type RenderPoolOptions } from '../../../functions/rendering/render-pool.ts';
import { ContentRejectedError } from '../../../shared/errors.ts';
import { renderer } from '../../../shared/images/renderer.ts';
import { type Behaviour, HOSTILE_CHILD, imageThat } from './hostile-images.ts';

const PHOTO = new URL('../../fixtures/photo.jpg', import.meta.url);
const MEGABYTE = 1_000_000;

describe('the pool that renders', () => {
  const pools: RenderPool[] = [];
  afterEach(() => {
    for (const pool of pools.splice(0)) pool.close();
  });

  function openPool(options: Partial<RenderPoolOptions> = {}): RenderPool {
    const pool = new RenderPool({ module: HOSTILE_CHILD, size: 1, ...options });
    pools.push(pool);
    return pool;
  }

  /** What a job that must fail rejects with. */
  async function failure(pool: RenderPool, behaviour: Behaviour): Promise<Error> {
    const job = pool.renderAvatar({ bytes: imageThat(behaviour) });
    return job.then(
      () => expect.fail('it was rendered'),
      (error: Error) => error,
    );
  }

  async function processOf(pool: RenderPool): Promise<number> {
    return Number((await failure(pool, 'names its process')).message);
  }

  it('renders what the renderer in this process does', async () => {
    const pool = openPool();
    const bytes = await readFile(PHOTO);
    const crop = { x: 0.1, y: 0.2, size: 0.5 };
    expect(await pool.renderAvatar({ bytes, crop })).toEqual(await renderer.renderAvatar({ bytes, crop }));
    for (const keepMetadata of [true, false]) {
      const job = { bytes, contentType: 'image/jpeg', keepMetadata } as const;
      expect(await pool.prepareAttachment(job)).toEqual(await renderer.prepareAttachment(job));
    }
  });

  it('rejects what the renderer rejects, with its code and message', async () => {
    const bytes = await readFile(PHOTO);
    const job = openPool().renderAvatar({ bytes, crop: { x: 0.9, y: 0, size: 0.5 } });
    const fault = await job.catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(ContentRejectedError);
    expect(fault).toMatchObject({ code: 'crop_outside_image', message: 'the crop is not inside 900x1200 pixels' });
  });

  it('keeps a process for the next job, also after an image that was rejected', async () => {
    const pool = openPool();
    const first = await processOf(pool);
    await expect(pool.renderAvatar({ bytes: Buffer.from('no image') })).rejects.toThrow(ContentRejectedError);
    expect(await processOf(pool)).toBe(first);
  });

  it.each(['hangs', 'never replies'] as const)('ends a process that %s, and renders the next image', async (what) => {
    const pool = openPool({ deadline: 3000 });
    const first = await processOf(pool);
    const fault = await failure(pool, what);
    expect(fault).toBeInstanceOf(ContentRejectedError);
    expect(fault).toMatchObject({ code: 'image_too_complex', message: 'the image takes more than 3 s to decode' });
    expect(isRunning(first)).toBe(false);
    expect(await pool.renderAvatar({ bytes: await readFile(PHOTO) })).toMatchObject({ width: 900 });
  });

  it.each(['grows', 'fills the heap'] as const)('ends a process that %s, and renders the next image', async (what) => {
    const pool = openPool({ memoryBytes: 300 * MEGABYTE });
    const first = await processOf(pool);
    const fault = await failure(pool, what);
    expect(fault).toBeInstanceOf(ContentRejectedError);
    const message = 'the image needs more than 300 MB of memory to decode';
    expect(fault).toMatchObject({ code: 'image_too_complex', message });
    expect(isRunning(first)).toBe(false);
    expect(await pool.renderAvatar({ bytes: await readFile(PHOTO) })).toMatchObject({ width: 900 });
  });

  it.each([
    ['crashes', 'SIGSEGV'],
    ['exits', '7'],
    ['throws', 'no such pixel'],
  ] as const)('reports a renderer that %s as a defect, not as a fault of the image', async (what, words) => {
    const pool = openPool();
    const fault = await failure(pool, what);
    expect(fault).not.toBeInstanceOf(ContentRejectedError);
    expect(fault.message).toContain(words);
    expect(await pool.renderAvatar({ bytes: await readFile(PHOTO) })).toMatchObject({ width: 900 });
  });

  it('replaces a process that holds a third of its limit after a job', async () => {
    const pool = openPool({ memoryBytes: 180 * MEGABYTE });
    const first = await processOf(pool);
    expect(await processOf(pool)).not.toBe(first);
  });

  it('does not let its owner end while a job waits for a process that is replaced', async () => {
    const owner = spawn(process.execPath, [join(import.meta.dirname, 'replacing-owner.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, [code]] = await Promise.all([text(owner.stdout), once(owner, 'exit')]);
    expect(code).toBe(0);
    expect(new Set(output.trim().split('\n')).size).toBe(2);
  });

  it('runs as many jobs at a time as it has processes; the others wait', async () => {
    const pool = openPool({ size: 2 });
    void pool.renderAvatar({ bytes: imageThat('never replies') }).catch(() => {});
    const jobs = await Promise.all([processOf(pool), processOf(pool), processOf(pool)]);
    expect(new Set(jobs).size).toBe(1);
  });

  it('has a process ready before it is needed', async () => {
    const pool = openPool({ size: 2 });
    const [one, other] = await Promise.all([processOf(pool), processOf(pool)]);
    expect(one).not.toBe(other);
  });

  it('gives its processes none of the variables that hold credentials', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const names = (await failure(openPool(), 'lists its environment')).message.split(' ');
    vi.unstubAllEnvs();
    expect(names).toContain('PATH');
    expect(names.filter((name) => name.startsWith('AWS_'))).toEqual([]);
  });

  it('says that a process cannot be started', async () => {
    const pool = openPool({ module: new URL('./no-such-child.ts', import.meta.url) });
    await expect(pool.renderAvatar({ bytes: Buffer.from('') })).rejects.toThrow('ended with 1');
  });

  it('leaves no process once it is closed', async () => {
    const pool = openPool();
    const id = await processOf(pool);
    const running = failure(pool, 'hangs');
    pool.close();
    expect(await running).not.toBeInstanceOf(ContentRejectedError);
    expect(isRunning(id)).toBe(false);
    await expect(pool.renderAvatar({ bytes: Buffer.from('') })).rejects.toThrow('closed');
  });

  it('leaves no process when its owner is killed, not even one that hangs', async () => {
    const owner = spawn(process.execPath, [join(import.meta.dirname, 'pool-owner.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ids: number[] = [];
    for await (const line of createInterface({ input: owner.stdout })) if (ids.push(Number(line)) === 3) break;
    expect(ids.every(isRunning)).toBe(true);
    const exited = once(owner, 'exit');
    owner.kill('SIGKILL');
    await exited;
    await expect.poll(() => ids.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  });
});

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}
