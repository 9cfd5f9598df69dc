import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalDependencies, openLocalDependencies } from '../../functions/local/dependencies.ts';
import { callFunction, functionOf } from '../../functions/local/function-of-event.ts';
import { readConfig } from '../../shared/config.ts';

const EVENTS = new URL('../../events/', import.meta.url);

/** What each function responds to its sample, over an empty store. */
const ANSWERS: Record<string, unknown> = {
  'http-create-avatar-upload.json': { statusCode: 201, body: expect.stringContaining('"contentLength":48213') },
  'http-get-avatar-image.json': { statusCode: 200, body: expect.stringMatching(/^<svg/) },
  'uploads-queue-object-created.json': { batchItemFailures: [] },
  'uploads-queue-redrive.json': { batchItemFailures: [] },
  'uploads-queue-s3-test.json': { batchItemFailures: [] },
  'maintenance-queue-purge.json': { batchItemFailures: [] },
  'maintenance-queue-sweep.json': { batchItemFailures: [] },
  'maintenance-schedule.json': { expired: 0, redriven: 0, purged: 0, left: 0, failed: 0 },
};

describe('the sample event', () => {
  let folder: string;
  let local: LocalDependencies;
  const lines: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'events-'));
    const note = (message: string) => lines.push(message);
    local = await openLocalDependencies({
      config: readConfig({ UPLOAD_DIRECTORY: folder }),
      baseUrl: 'http://127.0.0.1:3000',
      log: { info: note, warn: note, error: note },
      clock: () => new Date('2026-11-25T10:00:00Z'),
    });
  });
  afterAll(async () => {
    local.close();
    await rm(folder, { recursive: true });
  });

  async function invoke(name: string): Promise<unknown> {
    const event: unknown = JSON.parse(await readFile(new URL(name, EVENTS), 'utf8'));
    const called = functionOf(event) ?? expect.fail(`${name} is for none of the functions`);
    return callFunction(local.dependencies, called, event);
  }

  it.each(Object.keys(ANSWERS))('%s is handled by its function', async (name) => {
    expect(await invoke(name)).toMatchObject(ANSWERS[name] as object);
    expect(lines.filter((line) => line.includes('failed'))).toEqual([]);
  });

  it('exists for each trigger, and all are tested here', async () => {
    expect((await readdir(EVENTS)).sort()).toEqual(Object.keys(ANSWERS).sort());
  });
});
