import { describe, expect, it } from 'vitest';
import { describeRecordStore } from '../metadata/contract/commits.ts';
import { MemoryRecordStore } from './memory-record-store.ts';

describeRecordStore('MemoryRecordStore', async () => ({ store: new MemoryRecordStore(), close: async () => {} }));

describe('MemoryRecordStore', () => {
  const key = { kind: 'request', keyDigest: 'a' } as const;
  const next = { keyDigest: 'a', requestDigest: 'b', uploadId: 'c', expiresAt: '2026-01-01T00:00:00.000Z' };

  it('refuses what the port does not allow', async () => {
    const store = new MemoryRecordStore();
    await expect(store.read([key, key])).rejects.toThrow(RangeError);
    await expect(store.read(Array.from({ length: 101 }, (_, id) => ({ ...key, keyDigest: `${id}` })))).rejects.toThrow(
      RangeError,
    );
    const write = { key, seen: undefined, next, uses: [] };
    await expect(store.commit([write, write])).rejects.toThrow(RangeError);
  });

  it('is neither changed by what its callers do with their records, nor by its copies', async () => {
    const store = new MemoryRecordStore();
    const given = { ...next };
    await store.commit([{ key, seen: undefined, next: given, uses: [] }]);
    given.uploadId = 'changed';
    const [found] = await store.read([key]);
    expect(found).toEqual(next);
    expect(Object.isFrozen(found)).toBe(true);
    const copy = store.copy();
    await copy.commit([{ key, seen: next, next: undefined, uses: [] }]);
    expect(copy.find(key)).toBeUndefined();
    expect(store.find(key)).toEqual(next);
  });
});
