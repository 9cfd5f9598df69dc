import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filePathOf, segmentOf } from '../../../shared/storage/local/file-names.ts';
import { type StorageKey, storageKeyOf } from '../../../shared/storage/object-keys.ts';

function keyOfPath(path: string): string {
  return path.replaceAll('^/^', '').split('/').map(segmentOf).join('/');
}

const anyKey = fc
  .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
  .filter((text) => {
    try {
      return storageKeyOf(text).isWellFormed();
    } catch {
      return false;
    }
  })
  .map((text) => text as StorageKey);

describe('filePathOf', () => {
  it.each([
    ['avatars/users/ada/original.png', 'avatars/users/ada/original.png'],
    ['avatars/users/Ada@x.org/small.webp', 'avatars/users/^ada@x.org/small.webp'],
    ['a b|c*', 'a%20b%7cc%2a'],
    ['.a/..b/c.', '%2ea/%2e.b/c%2e'],
    ['nul/con.txt/console', '%6eul/%63on.txt/console'],
    ['^a', '%5ea'],
    ['é', '%c3%a9'],
    ['a'.repeat(450), `${'a'.repeat(200)}^/^${'a'.repeat(200)}^/^${'a'.repeat(50)}`],
  ])('writes %j as %j', (key, path) => {
    expect(filePathOf(storageKeyOf(key))).toBe(path);
  });

  it('can be read back, for any key', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(keyOfPath(filePathOf(key))).toBe(key);
      }),
    );
  });

  it('uses names that every disk takes and none folds', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        for (const name of filePathOf(key).split('/')) {
          expect(name).toMatch(/^[a-z0-9_@+=%^~!'()-][a-z0-9_@+=%^~!'().-]*$/);
          expect(name).not.toMatch(/\.$/);
          expect(name.length).toBeLessThan(204);
        }
      }),
    );
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', '', 'a\0b', 'a\\b', '\ud800'])(
    'refuses %j, cast to a key',
    (text) => {
      expect(() => filePathOf(text as StorageKey)).toThrow('is not an object key');
    },
  );
});

describe('segmentOf', () => {
  it.each([
    'Ada',
    'a b',
    '.hidden',
    'a.',
    '%41',
    '%C3%A9',
    '%c3',
    '^',
    '^^',
    'a^',
    '^1',
    'con',
    '%2e',
    '%2e%2e',
    'a%2fb',
  ])('knows no segment for %j', (name) => {
    expect(segmentOf(name)).toBeUndefined();
  });
});
