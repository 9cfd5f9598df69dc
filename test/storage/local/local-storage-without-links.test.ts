import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { storageKeyOf } from '../../../shared/storage/object-keys.ts';
import { describeStorageBackend } from '../../contracts/storage-backend.contract.ts';
import { openLocalStorage } from './open-local-storage.ts';

/** As FAT and some network drives answer. */
vi.mock('node:fs/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs/promises')>()),
  link: async () => {
    throw Object.assign(new Error('operation not permitted, link'), { code: 'EPERM' });
  },
}));

describeStorageBackend('LocalStorageBackend on a disk without links', () => openLocalStorage());

describe('a copy on a disk without links', () => {
  it('has a file of its own', async () => {
    const { backend, directory, close } = await openLocalStorage();
    const [from, to] = [storageKeyOf('from'), storageKeyOf('to')];
    await backend.uploadFile({ key: from, body: Buffer.from('photo'), contentType: 'image/png' });
    await backend.copyFile({ from, to, ifNoneMatch: '*' });
    expect((await stat(join(directory, to))).ino).not.toBe((await stat(join(directory, from))).ino);
    await close();
  });
});
