import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readWhole } from '../../shared/storage/storage-backend.ts';
import type { Subject } from './storage-backend.contract.ts';
import { textAt } from './storage-objects.contract.ts';

const contentType = 'text/plain';
const changed = { code: 'object_changed' };
const exists = { code: 'object_exists' };

async function outcomes(attempts: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(attempts);
  return settled.map((one) => (one.status === 'fulfilled' ? 'done' : `${one.reason.code}`));
}

export function describeConditions(subject: () => Subject): void {
  /** Writes text with the other options given. */
  const withWrite = () => {
    const { backend, keyOf } = subject();
    const key = keyOf('object');
    const write = (text: string, condition: { ifMatch?: string; ifNoneMatch?: '*' } = {}) =>
      backend.uploadFile({ key, body: Buffer.from(text), contentType, ...condition });
    return { backend, keyOf, key, write };
  };

  describe('a conditional write', () => {
    it('creates only what is not there, with ifNoneMatch', async () => {
      const { backend, key, write } = withWrite();
      await write('first', { ifNoneMatch: '*' });
      await expect(write('second', { ifNoneMatch: '*' })).rejects.toMatchObject(exists);
      expect(await textAt(backend, key)).toBe('first');
      await backend.deleteFile({ key });
      await write('third', { ifNoneMatch: '*' });
      expect(await textAt(backend, key)).toBe('third');
    });

    it('replaces only the version that was seen, with ifMatch', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('first');
      await write('second', { ifMatch: eTag });
      await expect(write('third', { ifMatch: eTag })).rejects.toMatchObject(changed);
      expect(await textAt(backend, key)).toBe('second');
    });

    it('creates nothing with ifMatch', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('first');
      await backend.deleteFile({ key });
      await expect(write('second', { ifMatch: eTag })).rejects.toMatchObject(changed);
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('keeps the newer object when a slower, older write arrives last', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('seen by both');
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      async function* slowly() {
        yield Buffer.from('ol');
        await held;
        yield Buffer.from('der');
      }
      const older = backend.uploadFile({ key, body: slowly(), contentLength: 5, contentType, ifMatch: eTag });
      const refused = expect(older).rejects.toMatchObject(changed);
      await write('newer', { ifMatch: eTag });
      release();
      await refused;
      expect(await textAt(backend, key)).toBe('newer');
    });

    it('lets exactly one of twenty create the object', async () => {
      const { backend, key, write } = withWrite();
      const races = Array.from({ length: 20 }, (_, turn) => write(`writer ${turn}`, { ifNoneMatch: '*' }));
      const ends = await outcomes(races);
      expect(ends.filter((end) => end === 'done')).toHaveLength(1);
      expect(ends.filter((end) => end === 'object_exists')).toHaveLength(19);
      expect(await textAt(backend, key)).toBe(`writer ${ends.indexOf('done')}`);
    });

    it('lets exactly one of twenty replace a version', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('seen');
      const ends = await outcomes(Array.from({ length: 20 }, (_, turn) => write(`writer ${turn}`, { ifMatch: eTag })));
      expect(ends.filter((end) => end === 'done')).toHaveLength(1);
      expect(ends.filter((end) => end === 'object_changed')).toHaveLength(19);
      expect(await textAt(backend, key)).toBe(`writer ${ends.indexOf('done')}`);
    });
  });

  describe('a conditional read', () => {
    it('gives the version that was seen or an error', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('first');
      const read = await readWhole(await backend.downloadFile({ key, ifMatch: eTag }));
      expect(read.toString()).toBe('first');
      await write('second');
      await expect(backend.downloadFile({ key, ifMatch: eTag })).rejects.toMatchObject(changed);
    });
  });

  describe('a conditional deletion', () => {
    it('removes the version that was seen, spares another and takes absence for success', async () => {
      const { backend, key, write } = withWrite();
      const { eTag } = await write('first');
      const second = await write('second');
      await expect(backend.deleteFile({ key, ifMatch: eTag })).rejects.toMatchObject(changed);
      expect(await textAt(backend, key)).toBe('second');
      await backend.deleteFile({ key, ifMatch: second.eTag });
      expect(await backend.fileExists({ key })).toBe(false);
      await backend.deleteFile({ key, ifMatch: second.eTag });
    });
  });

  describe('a copy', () => {
    it('has the bytes, headers and metadata of its source', async () => {
      const { backend, keyOf } = subject();
      const [from, to] = [keyOf('from'), keyOf('deeper/to')];
      const headers = { contentType: 'image/png', cacheControl: 'no-cache', contentDisposition: 'inline' };
      await backend.uploadFile({ key: from, body: Buffer.from('bytes'), ...headers, metadata: { a: '1' } });
      const { eTag } = await backend.copyFile({ from, to });
      expect(await textAt(backend, to)).toBe('bytes');
      expect(await backend.getFileInfo({ key: to })).toMatchObject({ key: to, eTag, ...headers, metadata: { a: '1' } });
      expect(await textAt(backend, from)).toBe('bytes');
    });

    it('has what is given instead', async () => {
      const { backend, keyOf } = subject();
      const [from, to] = [keyOf('from'), keyOf('to')];
      await backend.uploadFile({ key: from, body: Buffer.from('bytes'), contentType, metadata: { a: '1', b: '2' } });
      await backend.copyFile({ from, to, contentType: 'image/gif', cacheControl: 'no-store', metadata: { c: '3' } });
      const expected = { contentType: 'image/gif', cacheControl: 'no-store', metadata: { c: '3' } };
      expect(await backend.getFileInfo({ key: to })).toMatchObject(expected);
    });

    it('dates from when it was made', async () => {
      const { backend, key, keyOf, write } = withWrite();
      await write('source');
      await sleep(1100); // S3 counts whole seconds
      await backend.copyFile({ from: key, to: keyOf('to') });
      const [source, copy] = await Promise.all([key, keyOf('to')].map((one) => backend.getFileInfo({ key: one })));
      expect(Number(copy?.lastModified)).toBeGreaterThan(Number(source?.lastModified));
    });

    it('replaces its target, unless ifNoneMatch is given', async () => {
      const { backend, key, keyOf, write } = withWrite();
      await write('source');
      const to = keyOf('to');
      await backend.uploadFile({ key: to, body: Buffer.from('target'), contentType });
      await expect(backend.copyFile({ from: key, to, ifNoneMatch: '*' })).rejects.toMatchObject(exists);
      expect(await textAt(backend, to)).toBe('target');
      await backend.copyFile({ from: key, to });
      expect(await textAt(backend, to)).toBe('source');
      await backend.deleteFile({ key: to });
      await backend.copyFile({ from: key, to, ifNoneMatch: '*' });
      expect(await textAt(backend, to)).toBe('source');
    });

    it('is made only of the version that was seen, with ifMatch', async () => {
      const { backend, key, keyOf, write } = withWrite();
      const { eTag } = await write('first');
      await backend.copyFile({ from: key, to: keyOf('of-first'), ifMatch: eTag });
      await write('second');
      const late = backend.copyFile({ from: key, to: keyOf('of-second'), ifMatch: eTag });
      await expect(late).rejects.toMatchObject(changed);
      expect(await textAt(backend, keyOf('of-first'))).toBe('first');
      expect(await backend.fileExists({ key: keyOf('of-second') })).toBe(false);
    });
  });
}
