import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LocalDependencies, openLocalDependencies } from '../../functions/local/dependencies.ts';
import { recover } from '../../functions/local/recovery.ts';
import { createProcessUploadHandler } from '../../functions/process-upload.ts';
import { readConfig } from '../../shared/config.ts';
import type { Dependencies, Log } from '../../shared/dependencies.ts';
import { renderer } from '../../shared/images/renderer.ts';
import { sweep } from '../../shared/maintenance/sweep.ts';
import type { AvatarRef, StorageKey } from '../../shared/storage/object-keys.ts';
import { createAvatarUploadTicket } from '../../shared/uploads/create-upload-ticket.ts';
import { processUpload } from '../../shared/uploads/process-upload.ts';
import { type Interceptor, interceptPort } from '../scenarios/intercepted-port.ts';
import { expectAtRest } from '../scenarios/observed-state.ts';
import { type Picture, plainPicture } from '../scenarios/plain-pictures.ts';

const AVATAR: AvatarRef = { entityType: 'users', entityId: 'ada' };
const AFTER_LEASE = 10 * 60_000;
const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

describe('a local server that starts again', () => {
  it('brings a replacement to its end, and leaves nothing behind, wherever the process before it died', async () => {
    const unfinished: string[] = [];
    for (let call = 0; ; call += 1) {
      const folder = await mkdtemp(join(tmpdir(), 'recovery-'));
      try {
        const name = await dieReplacing(folder, call);
        if (name === undefined) break;
        await expectRecovery(folder).catch((error: unknown) => unfinished.push(`call ${call}, ${name}: ${error}`));
      } finally {
        await rm(folder, { recursive: true });
      }
    }
    expect(unfinished).toEqual([]);
  }, 60_000);
});

/**
 * A green JPEG is about to replace a red PNG when the process dies, before the given call to the outside.
 * @returns the call's name; undefined when there was no such call, so that it came to its end.
 */
async function dieReplacing(folder: string, lastCall: number): Promise<string | undefined> {
  const local = await open(folder);
  try {
    await processUpload(local.dependencies, { ...(await send(local, await plainPicture('red', 'png'))), receives: 1 });
    const { uploadId } = await send(local, await plainPicture('green', 'jpeg'));
    const death = Promise.withResolvers<string>();
    let calls = 0;
    const interceptor: Interceptor = (call, proceed) => {
      calls += 1;
      if (calls <= lastCall) return proceed();
      death.resolve(call);
      return new Promise(() => {});
    };
    const work = processUpload(watched(local.dependencies, interceptor), { uploadId, receives: 1 }).then(
      () => undefined,
    );
    return await Promise.race([death.promise, work]);
  } finally {
    local.close();
  }
}

function watched(dependencies: Dependencies, interceptor: Interceptor): Dependencies {
  return {
    ...dependencies,
    storage: interceptPort('storage', dependencies.storage, () => interceptor),
    metadata: interceptPort('metadata', dependencies.metadata, () => interceptor),
  };
}

async function expectRecovery(folder: string): Promise<void> {
  const local = await open(folder);
  try {
    await recover(local);
    local.uploads.consume(createProcessUploadHandler(local.dependencies));
    await local.uploads.drained();
    // What the dead process did not clean up is due when its lease would have ended.
    const after = { ...local.dependencies, clock: () => new Date(Date.now() + AFTER_LEASE) };
    await sweep(after, { deadline: new Date(Date.now() + 2 * AFTER_LEASE) });
    const avatar = await local.dependencies.metadata.getAvatar(AVATAR);
    expect(avatar?.image?.original?.contentType).toBe('image/jpeg');
    await expectAtRest(local.dependencies, [{ avatar: AVATAR }]);
  } finally {
    await local.uploads.stop();
    local.close();
  }
}

/** With the renderer in this process: so many deaths would spend their time on starting others. */
async function open(folder: string): Promise<LocalDependencies> {
  const config = readConfig({ UPLOAD_DIRECTORY: folder });
  const options = { config, baseUrl: 'http://127.0.0.1:3000', log: SILENT, clock: () => new Date() };
  const local = await openLocalDependencies(options);
  return { ...local, dependencies: { ...local.dependencies, renderer } };
}

async function send(
  { dependencies }: LocalDependencies,
  { bytes, contentType }: Picture,
): Promise<{ readonly uploadId: string }> {
  const { uploadId, key } = await createAvatarUploadTicket(dependencies, {
    avatar: AVATAR,
    principal: { sub: AVATAR.entityId, organizationId: 'acme', roles: new Set() },
    wish: { contentType, contentLength: bytes.length, method: 'PUT' },
  });
  await dependencies.storage.uploadFile({ key: key as StorageKey, body: bytes, contentType, ifNoneMatch: '*' });
  return { uploadId };
}
