import { describe, expect, it } from 'vitest';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import type { Subject } from './storage-backend.contract.ts';

/** Every key below the prefix, page by page; `between` runs after each page. */
async function allKeys(
  backend: StorageBackend,
  { prefix, limit }: { prefix: string; limit?: number },
  between: (page: readonly StorageKey[]) => Promise<unknown> = async () => {},
): Promise<StorageKey[]> {
  const keys: StorageKey[] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await backend.listFiles({ prefix, ...(limit && { limit }), ...(cursor && { cursor }) });
    const pageKeys = page.files.map((file) => file.key);
    keys.push(...pageKeys);
    cursor = page.cursor;
    await between(pageKeys);
  }
  return keys;
}

async function writeAll(backend: StorageBackend, keys: readonly StorageKey[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 50) {
    const some = keys.slice(at, at + 50);
    await Promise.all(
      some.map((key) => backend.uploadFile({ key, body: Buffer.from('x'), contentType: 'text/plain' })),
    );
  }
}

export function describeListing(subject: () => Subject): void {
  const withNames = async (...names: string[]) => {
    const { backend, keyOf, root } = subject();
    await writeAll(backend, names.map(keyOf));
    const list = async (prefix: string, limit?: number) =>
      (await allKeys(backend, { prefix: `${root}${prefix}`, ...(limit && { limit }) })).map((key) =>
        key.slice(root.length),
      );
    return { backend, keyOf, list, root };
  };

  describe('a listing', () => {
    it('is in the order of UTF-8 bytes, whatever folders a disk has', async () => {
      const inOrder = ['A', 'Z/z', 'a', 'a!b', 'a-b/c', 'a.b', 'a0', 'ab/c', 'ab/d/e', 'ab0', 'é', '\uff5e', '🦊'];
      const { list } = await withNames(...[...inOrder].reverse());
      expect(await list('')).toEqual(inOrder);
      expect(await list('', 1)).toEqual(inOrder);
      expect(await list('', 4)).toEqual(inOrder);
    });

    it('puts a folder where its slash sorts', async () => {
      const inOrder = ['a!', 'a-b', 'a.b', 'a/b', 'a/b!', 'a/c/d', 'a0', 'aa'];
      const { list } = await withNames(...[...inOrder].reverse());
      expect(await list('', 3)).toEqual(inOrder);
    });

    it('takes its prefix as plain text', async () => {
      const { list } = await withNames('a/a/1', 'a/a/2', 'a/aaa/1', 'a/ab', 'a/b', 'b*', 'b?', 'b[1]', 'b1', 'b%31');
      expect(await list('a/a/')).toEqual(['a/a/1', 'a/a/2']);
      expect(await list('a/a')).toEqual(['a/a/1', 'a/a/2', 'a/aaa/1', 'a/ab']);
      expect(await list('a/a/1')).toEqual(['a/a/1']);
      expect(await list('b*')).toEqual(['b*']);
      expect(await list('b?')).toEqual(['b?']);
      expect(await list('b[1]')).toEqual(['b[1]']);
      expect(await list('B')).toEqual([]);
    });

    it.each(['nothing/', 'a/x/', '/', 'a//', 'a/./', 'a/../', '../', 'a\\', 'a/1/'])(
      'of %j is empty',
      async (prefix) => {
        const { list } = await withNames('a/1');
        expect(await list(prefix)).toEqual([]);
      },
    );

    it('describes each object as it is', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('a');
      const { eTag } = await backend.uploadFile({ key, body: Buffer.from('abc'), contentType: 'text/plain' });
      const { files } = await backend.listFiles({ prefix: key });
      const { lastModified } = await backend.getFileInfo({ key });
      expect(files).toHaveLength(1);
      expect(files[0]).toMatchObject({ key, size: 3, eTag });
      expect(Math.trunc(Number(files[0]?.lastModified) / 1000)).toBe(Math.trunc(lastModified.getTime() / 1000));
    });

    it('has no cursor on its last page, even if that is full', async () => {
      const { backend, root } = await withNames('a', 'b');
      const first = await backend.listFiles({ prefix: root, limit: 2 });
      expect(first.files).toHaveLength(2);
      expect(first.cursor).toBeUndefined();
    });

    it('shows every other object once when those it has shown are deleted between pages', async () => {
      const names = Array.from({ length: 25 }, (_, at) => `d${at % 3}/${at}`);
      const { backend, root, keyOf } = await withNames(...names);
      const seen = await allKeys(backend, { prefix: root, limit: 4 }, (page) =>
        Promise.all(page.map((key) => backend.deleteFile({ key }))),
      );
      expect([...seen].sort()).toEqual(names.map(keyOf).sort());
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('shows every other object once when others come and go between pages', async () => {
      const names = Array.from({ length: 20 }, (_, at) => `k${at + 10}`);
      const { backend, root, keyOf } = await withNames(...names);
      let turn = 0;
      const seen = await allKeys(backend, { prefix: root, limit: 3 }, async () => {
        turn += 1;
        await writeAll(backend, [keyOf(`a${turn}`), keyOf(`k${turn + 10}x`), keyOf(`z${turn}`)]);
        await backend.deleteFile({ key: keyOf(`a${turn - 1}`) });
      });
      expect(seen).toEqual([...new Set(seen)]);
      expect(seen.filter((key) => names.map(keyOf).includes(key))).toEqual(names.map(keyOf));
    });

    it('has pages of at most 1,000', { timeout: 120_000 }, async () => {
      const names = Array.from({ length: 1050 }, (_, at) => `p/${String(at).padStart(4, '0')}`);
      const { backend, root, keyOf } = await withNames(...names);
      const first = await backend.listFiles({ prefix: root });
      expect(first.files).toHaveLength(1000);
      const second = await backend.listFiles({ prefix: root, ...(first.cursor && { cursor: first.cursor }) });
      expect(second.cursor).toBeUndefined();
      expect([...first.files, ...second.files].map((file) => file.key)).toEqual(names.map(keyOf));
    });
  });
}
