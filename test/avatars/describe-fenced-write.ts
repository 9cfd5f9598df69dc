import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWithoutMark } from '../../shared/avatars/fence-mark.ts';
import { fencedWrite } from '../../shared/avatars/fenced-write.ts';
import { storageKeyOf, temporaryKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend, UploadFileInput } from '../../shared/storage/storage-backend.ts';

const KEY = storageKeyOf('avatars/users/ada/small.webp');

/** What a fenced write promises on every storage; each `open` is a new and empty one. */
export function describeFencedWrite(
  name: string,
  open: () => Promise<{ readonly storage: StorageBackend; close(): Promise<void> }>,
): void {
  describe(`a fenced write in ${name}`, () => {
    let storage: StorageBackend;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ storage, close } = await open());
    });
    afterEach(() => close());

    function write(text: string, generation: number, through: StorageBackend = storage) {
      const file = { key: KEY, body: Buffer.from(text), contentType: 'image/webp', generation };
      return fencedWrite({ storage: through, sleep: async () => {} }, file);
    }

    async function standing(): Promise<string> {
      return Buffer.from(await readWithoutMark(await storage.downloadFile({ key: KEY }))).toString();
    }

    /** The storage, but something happens just before the first write through it. */
    function justBefore(task: () => Promise<unknown>): StorageBackend {
      let done = false;
      return new Proxy(storage, {
        get(target, name) {
          if (name !== 'uploadFile') return Reflect.get(target, name).bind(target);
          return async (input: UploadFileInput) => {
            if (!done) {
              done = true;
              await task();
            }
            return target.uploadFile(input);
          };
        },
      });
    }

    it('refuses a key where clients write: an object there would be taken for an upload', async () => {
      const file = { key: temporaryKey('u-1'), body: Buffer.from('x'), contentType: 'image/webp', generation: 1 };
      const write = fencedWrite({ storage, sleep: async () => {} }, file);
      await expect(write).rejects.toMatchObject({ code: 'invalid_key' });
      expect(await storage.fileExists({ key: file.key })).toBe(false);
    });

    it('replaces an older generation', async () => {
      await write('old', 1);
      expect(await write('new', 2)).toBe('written');
      expect(await standing()).toBe('new');
    });

    it('yields to a newer generation, however late it comes itself', async () => {
      await write('new', 2);
      expect(await write('old', 1)).toBe('outrun');
      expect(await standing()).toBe('new');
    });

    it('does nothing when its own generation stands there', async () => {
      await write('mine', 3);
      expect(await write('mine again', 3)).toBe('written');
      expect(await standing()).toBe('mine');
    });

    it('yields to a newer generation that was faster after it had looked', async () => {
      await write('first', 1);
      expect(
        await write(
          'slow',
          2,
          justBefore(() => write('fast', 3)),
        ),
      ).toBe('outrun');
      expect(await standing()).toBe('fast');
    });

    it('yields to it also when that one brings the first picture back', async () => {
      await write('first', 1);
      expect(
        await write(
          'slow',
          2,
          justBefore(() => write('first', 3)),
        ),
      ).toBe('outrun');
      expect(await standing()).toBe('first');
    });

    it('writes over an older generation that was faster', async () => {
      expect(
        await write(
          'newer',
          2,
          justBefore(() => write('older', 1)),
        ),
      ).toBe('written');
      expect(await standing()).toBe('newer');
    });
  });
}
