import { describe, expect, it } from 'vitest';
import { generationOf, MARK_BYTES, readWithoutMark, withMark } from '../../shared/avatars/fence-mark.ts';
import { storageKeyOf } from '../../shared/storage/object-keys.ts';
import type { DownloadedFile } from '../../shared/storage/storage-backend.ts';

const PICTURE = Buffer.from('a picture');

function stored(bytes: Uint8Array, metadata: Record<string, string>): DownloadedFile {
  const info = {
    key: storageKeyOf('a'),
    size: bytes.length,
    eTag: 'e',
    lastModified: new Date(),
    metadata,
    contentType: 'x/y',
  };
  return {
    info,
    body: (async function* () {
      yield bytes;
    })(),
  };
}

describe('the mark of a generation', () => {
  it('makes equal pictures of two generations different bytes of one length', () => {
    const [first, second] = [withMark(PICTURE, 1), withMark(PICTURE, 123456)];
    expect(Buffer.compare(first, second)).not.toBe(0);
    expect([first.length, second.length]).toEqual([PICTURE.length + MARK_BYTES, PICTURE.length + MARK_BYTES]);
  });

  it('is taken off when the picture is read again', async () => {
    expect(await readWithoutMark(stored(withMark(PICTURE, 7), { generation: '7' }))).toEqual(PICTURE);
  });

  it('is taken off once: a picture that was uploaded with a mark keeps it', async () => {
    const downloaded = withMark(PICTURE, 3);
    expect(await readWithoutMark(stored(withMark(downloaded, 7), { generation: '7' }))).toEqual(downloaded);
  });

  it('is not looked for in objects that came another way', async () => {
    const adopted = withMark(PICTURE, 3);
    expect(await readWithoutMark(stored(adopted, {}))).toEqual(adopted);
    expect(await readWithoutMark(stored(PICTURE, { generation: '7' }))).toEqual(PICTURE);
  });
});

describe('the generation of an object', () => {
  it.each([
    ['its metadata', { generation: '12' }, 12],
    ['nothing, for a tree from elsewhere', {}, 0],
    ['nonsense', { generation: 'new' }, 0],
    ['a negative number', { generation: '-1' }, 0],
    ['more than a number can hold', { generation: '99999999999999999999' }, 0],
  ])('is read from %s', (_, metadata, generation) => {
    expect(generationOf({ metadata })).toBe(generation);
  });
});
