import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../shared/storage/object-keys.ts';
import { prefixStorage } from '../../shared/storage/prefixed-storage-backend.ts';
import { failingStorage } from '../contracts/failing-storage.ts';
import { type LocalStorageUnderTest, openLocalStorage } from './local/open-local-storage.ts';

const key = storageKeyOf('avatars/users/ada/original.png');
const png = { body: Buffer.from('png'), contentType: 'image/png' };

let local: LocalStorageUnderTest;
beforeEach(async () => {
  local = await openLocalStorage();
});
afterEach(() => local.close());

describe('prefixStorage', () => {
  it.each(['tenant/a', 'tenant/a/'])('puts %j before every key and takes it away again', async (prefix) => {
    const storage = prefixStorage({ backend: local.backend, prefix });
    await storage.uploadFile({ key, ...png });
    expect(await local.backend.fileExists({ key: storageKeyOf(`tenant/a/${key}`) })).toBe(true);
    expect(await local.backend.fileExists({ key })).toBe(false);
    expect((await storage.getFileInfo({ key })).key).toBe(key);
    expect((await storage.listFiles({ prefix: 'avatars/' })).files.map((file) => file.key)).toEqual([key]);
  });

  it('does not list the tenant next door', async () => {
    const storage = prefixStorage({ backend: local.backend, prefix: 'tenant/a' });
    for (const other of ['tenant/a.x', 'tenant/aa/x', 'tenant/b/x', 'tenant/a-/x', 'x']) {
      await local.backend.uploadFile({ key: storageKeyOf(other), ...png });
    }
    await storage.uploadFile({ key: storageKeyOf('mine'), ...png });
    expect((await storage.listFiles({ prefix: '' })).files.map((file) => file.key)).toEqual(['mine']);
    expect((await storage.listFiles({ prefix: '../' })).files).toEqual([]);
  });

  it('refuses keys that are too long together with the prefix', async () => {
    const storage = prefixStorage({ backend: local.backend, prefix: 'tenant/a' });
    await expect(async () => storage.fileExists({ key: storageKeyOf('k'.repeat(1020)) })).rejects.toMatchObject({
      code: 'invalid_key',
    });
  });

  it.each(['/', '/tenant', 'tenant//a', '../a', 'tenant/..'])('refuses the prefix %j', (prefix) => {
    expect(() => prefixStorage({ backend: local.backend, prefix })).toThrow('is not an object key');
  });

  it('is the storage itself without a prefix', () => {
    expect(prefixStorage({ backend: local.backend, prefix: '' })).toBe(local.backend);
  });
});

describe('failingStorage', () => {
  const error = new Error('staged');

  it('fails the call it was told, once, before or after it took place', async () => {
    const { storage, failOnce, pending } = failingStorage(local.backend);
    failOnce({ method: 'uploadFile', key, error, when: 'before' });
    failOnce({ method: 'deleteFile', error, when: 'after' });
    await storage.uploadFile({ key: storageKeyOf('another'), ...png });
    await expect(storage.uploadFile({ key, ...png })).rejects.toBe(error);
    expect(await storage.fileExists({ key })).toBe(false);
    await storage.uploadFile({ key, ...png });
    await expect(storage.deleteFile({ key })).rejects.toBe(error);
    expect(await storage.fileExists({ key })).toBe(false);
    expect(pending).toEqual([]);
  });
});
