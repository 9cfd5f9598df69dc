import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import { readWhole, type StorageBackend } from '../../shared/storage/storage-backend.ts';
import type { Subject } from './storage-backend.contract.ts';

const MIB = 1024 ** 2;
const contentType = 'text/plain';

export async function textAt(backend: StorageBackend, key: StorageKey): Promise<string> {
  return (await readWhole(await backend.downloadFile({ key }))).toString();
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('base64');
}

async function* inChunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  throw new Error('the source broke off');
}

/** Names that a path, a URL, a form or a file system could mistake for something else. */
const ODD_NAMES = [
  'with space',
  ' space at both ends ',
  'plus+plus',
  'per%cent',
  'per%2Fcent',
  'question?mark',
  'hash#mark',
  'am&per=sand;',
  'ada@example.com',
  'pipe|star*colon:quote"less<greater>',
  "brackets[1]{2}(3)!'~$,",
  '^caret^',
  'back`tick',
  'dots...inside',
  'ends with dot.',
  '.hidden',
  '..twodots',
  '.hidden/below',
  'con.txt',
  'grüße/日本語/🦊.png',
  '-dash',
];

export function describeObjects(subject: () => Subject): void {
  describe('an object', () => {
    it('is read back with its bytes, headers and metadata', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('photo.webp');
      const metadata = { generation: '7', note: ' !"#$%&\'()*+,-./:;<=>?@[]^_`{|}~ x'.trim() };
      const { eTag } = await backend.uploadFile({
        key,
        body: Buffer.from('bytes'),
        contentType: 'image/webp',
        cacheControl: 'public, max-age=60',
        contentDisposition: 'attachment; filename="a b.webp"',
        metadata,
      });
      const { info, body } = await backend.downloadFile({ key });
      expect((await readWhole({ info, body })).toString()).toBe('bytes');
      expect(info).toMatchObject({
        key,
        size: 5,
        eTag,
        contentType: 'image/webp',
        cacheControl: 'public, max-age=60',
        contentDisposition: 'attachment; filename="a b.webp"',
        metadata,
      });
      expect(info.lastModified).toBeInstanceOf(Date);
      expect(await backend.getFileInfo({ key })).toEqual(info);
    });

    it('has no headers or metadata that were not given', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('plain.png');
      await backend.uploadFile({ key, body: Buffer.from('x'), contentType });
      const info = await backend.getFileInfo({ key });
      expect(info.contentType).toBe(contentType);
      expect(info.metadata).toEqual({});
      expect(info).not.toHaveProperty('cacheControl');
      expect(info).not.toHaveProperty('contentDisposition');
    });

    it('loses the headers and metadata of the one it replaces', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('a');
      await backend.uploadFile({
        key,
        body: Buffer.from('x'),
        contentType,
        cacheControl: 'no-store',
        metadata: { a: '1' },
      });
      await backend.uploadFile({ key, body: Buffer.from('y'), contentType: 'image/png', metadata: { b: '2' } });
      const info = await backend.getFileInfo({ key });
      expect(info).toMatchObject({ contentType: 'image/png', metadata: { b: '2' } });
      expect(info).not.toHaveProperty('cacheControl');
    });

    it('may be empty', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('empty');
      await backend.uploadFile({ key, body: new Uint8Array(), contentType });
      expect(await textAt(backend, key)).toBe('');
      expect(await backend.getFileInfo({ key })).toMatchObject({ size: 0 });
    });

    it('may come as a stream, whose SHA-256 is verified', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('large');
      const bytes = randomBytes(8 * MIB);
      const checksumSha256 = sha256Of(bytes);
      await backend.uploadFile({ key, body: inChunks(bytes), contentLength: 8 * MIB, checksumSha256, contentType });
      const read = await readWhole(await backend.downloadFile({ key }));
      expect(sha256Of(read)).toBe(checksumSha256);
    });

    it('has another ETag with other bytes', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('a');
      const first = await backend.uploadFile({ key, body: Buffer.from('one'), contentType });
      const second = await backend.uploadFile({ key, body: Buffer.from('two'), contentType });
      expect(second.eTag).not.toBe(first.eTag);
      expect(first.eTag).not.toContain('"');
    });

    it.each(ODD_NAMES)('can be named %j', async (name) => {
      const { backend, keyOf, root } = subject();
      const key = keyOf(name);
      await backend.uploadFile({ key, body: Buffer.from(name), contentType, metadata: { a: 'b' } });
      expect(await textAt(backend, key)).toBe(name);
      expect(await backend.getFileInfo({ key })).toMatchObject({ key, metadata: { a: 'b' } });
      const { files } = await backend.listFiles({ prefix: root });
      expect(files.map((file) => file.key)).toEqual([key]);
      await backend.deleteFile({ key });
      expect(await backend.fileExists({ key })).toBe(false);
    });

    it('is told apart from others whose names a disk may confuse', async () => {
      const { backend, keyOf } = subject();
      const names = [
        'ada',
        'Ada',
        'ADA',
        '^ada',
        'é',
        'e\u0301',
        'É',
        'a.info',
        'a',
        '.a.info',
        'a.next',
        '.a.next',
        '%61',
      ];
      await Promise.all(
        names.map((name) => backend.uploadFile({ key: keyOf(name), body: Buffer.from(name), contentType })),
      );
      for (const name of names) expect(await textAt(backend, keyOf(name))).toBe(name);
    });

    it('can have a key of 1,000 bytes', async () => {
      const { backend, keyOf, root } = subject();
      const space = 1000 - Buffer.byteLength(root);
      for (const name of ['a'.repeat(space), 'é'.repeat(space / 2), 'A'.repeat(space)]) {
        const key = keyOf(name);
        await backend.uploadFile({ key, body: Buffer.from(name), contentType });
        expect(await textAt(backend, key)).toBe(name);
      }
      const { files } = await backend.listFiles({ prefix: root });
      expect(files.map((file) => file.key)).toEqual([
        keyOf('A'.repeat(space)),
        keyOf('a'.repeat(space)),
        keyOf('é'.repeat(space / 2)),
      ]);
    });

    it('is read in ranges', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('digits');
      await backend.uploadFile({ key, body: Buffer.from('0123456789'), contentType });
      const read = async (range: { start: number; end?: number }) => {
        const file = await backend.downloadFile({ key, range });
        expect(file.info.size).toBe(10);
        return (await readWhole(file)).toString();
      };
      expect(await read({ start: 0, end: 0 })).toBe('0');
      expect(await read({ start: 3, end: 5 })).toBe('345');
      expect(await read({ start: 7 })).toBe('789');
      expect(await read({ start: 7, end: 99 })).toBe('789');
      await expect(read({ start: 10 })).rejects.toThrow(RangeError);
    });

    it('is never seen half replaced', async () => {
      const { backend, keyOf } = subject();
      const key = keyOf('picture');
      const versions = ['a', 'b'].map((letter) => Buffer.alloc(2 * MIB, letter));
      const write = async (version: Buffer, metadata: Record<string, string>) =>
        backend.uploadFile({ key, body: version, contentType, metadata });
      await write(Buffer.alloc(2 * MIB, 'a'), { letter: 'a' });
      const writing = (async () => {
        for (let turn = 0; turn < 10; turn += 1) {
          for (const version of versions) await write(version, { letter: version.toString('utf8', 0, 1) });
        }
      })();
      for (let turn = 0; turn < 20; turn += 1) {
        const file = await backend.downloadFile({ key });
        const bytes = await readWhole(file);
        expect(new Set(bytes)).toEqual(new Set([bytes[0]]));
        expect(bytes.byteLength).toBe(file.info.size);
        expect(file.info.metadata).toEqual({ letter: bytes.toString('utf8', 0, 1) });
      }
      await writing;
    });
  });

  describe('a refused write', () => {
    const wrong = [
      {
        why: 'has fewer bytes than declared',
        body: () => inChunks(Buffer.from('short')),
        contentLength: 6,
        code: 'length_mismatch',
      },
      {
        why: 'has more bytes than declared',
        body: () => inChunks(Buffer.from('too long')),
        contentLength: 7,
        code: 'length_mismatch',
      },
      {
        why: 'is a buffer of another length',
        body: () => Buffer.from('abc'),
        contentLength: 4,
        code: 'length_mismatch',
      },
      {
        why: 'has another SHA-256',
        body: () => Buffer.from('abc'),
        checksumSha256: sha256Of('abd'),
        code: 'checksum_mismatch',
      },
    ];
    it.each(wrong)('leaves nothing and changes nothing: the body $why', async ({ why: _, code, body, ...declared }) => {
      const { backend, keyOf } = subject();
      const key = keyOf('a');
      const write = () => backend.uploadFile({ key, body: body(), contentType, ...declared });
      await expect(write()).rejects.toMatchObject({ code });
      expect(await backend.fileExists({ key })).toBe(false);
      const { eTag } = await backend.uploadFile({ key, body: Buffer.from('kept'), contentType, metadata: { a: '1' } });
      await expect(write()).rejects.toMatchObject({ code });
      expect(await textAt(backend, key)).toBe('kept');
      expect(await backend.getFileInfo({ key })).toMatchObject({ eTag, metadata: { a: '1' } });
    });

    it('leaves nothing when the source breaks off', async () => {
      const { backend, keyOf, root } = subject();
      const key = keyOf('a');
      await expect(backend.uploadFile({ key, body: breakingOff(), contentLength: 8, contentType })).rejects.toThrow();
      expect(await backend.fileExists({ key })).toBe(false);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });
  });

  describe('an absent object', () => {
    it('is an error to read, describe and copy, but not to look for, delete or list', async () => {
      const { backend, keyOf, root } = subject();
      const key = keyOf('absent');
      const absent = { code: 'object_not_found' };
      await expect(backend.downloadFile({ key })).rejects.toMatchObject(absent);
      await expect(backend.getFileInfo({ key })).rejects.toMatchObject(absent);
      await expect(backend.copyFile({ from: key, to: keyOf('b') })).rejects.toMatchObject(absent);
      expect(await backend.fileExists({ key })).toBe(false);
      await backend.deleteFile({ key });
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });

    it('stands where only longer keys are', async () => {
      const { backend, keyOf } = subject();
      await backend.uploadFile({ key: keyOf('a/b'), body: Buffer.from('x'), contentType });
      expect(await backend.fileExists({ key: keyOf('a') })).toBe(false);
      await expect(backend.getFileInfo({ key: keyOf('a') })).rejects.toMatchObject({ code: 'object_not_found' });
      await backend.deleteFile({ key: keyOf('a') });
      expect(await textAt(backend, keyOf('a/b'))).toBe('x');
    });

    it('stands where a key goes on from a whole object', async () => {
      const { backend, keyOf } = subject();
      await backend.uploadFile({ key: keyOf('a'), body: Buffer.from('x'), contentType });
      expect(await backend.fileExists({ key: keyOf('a/b') })).toBe(false);
      await expect(backend.downloadFile({ key: keyOf('a/b') })).rejects.toMatchObject({ code: 'object_not_found' });
      await backend.deleteFile({ key: keyOf('a/b') });
    });
  });

  describe('a deletion', () => {
    it('can be repeated and spares keys that only start alike', async () => {
      const { backend, keyOf } = subject();
      const names = ['a/a/x', 'a/aaa/x', 'a/a.x', 'a/ab'];
      await Promise.all(
        names.map((name) => backend.uploadFile({ key: keyOf(name), body: Buffer.from(name), contentType })),
      );
      await backend.deleteFile({ key: keyOf('a/a/x') });
      await backend.deleteFile({ key: keyOf('a/a/x') });
      expect(await backend.fileExists({ key: keyOf('a/a/x') })).toBe(false);
      for (const name of names.slice(1)) expect(await textAt(backend, keyOf(name))).toBe(name);
    });

    it('does not hinder writes of its neighbours', async () => {
      const { backend, keyOf, root } = subject();
      const turns = Array.from({ length: 30 }, async (_, turn) => {
        const key = keyOf(`x/y/${turn}`);
        await backend.uploadFile({ key, body: Buffer.from('x'), contentType });
        await backend.deleteFile({ key });
      });
      await Promise.all(turns);
      expect(await backend.listFiles({ prefix: root })).toEqual({ files: [] });
    });
  });

  it('says that it is ready', async () => {
    await expect(subject().backend.checkReady()).resolves.toBeUndefined();
  });
}
