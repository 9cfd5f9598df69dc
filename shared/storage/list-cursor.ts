import type { StorageKey } from './object-keys.ts';

/** The cursor of a list whose next page begins after `key`. */
export function cursorOf(key: StorageKey): string {
  return Buffer.from(key).toString('base64url');
}

/** @throws RangeError for a cursor that `cursorOf` did not make. */
export function keyOfCursor(cursor: string): StorageKey {
  const key = Buffer.from(cursor, 'base64url').toString() as StorageKey;
  if (cursor === '' || cursorOf(key) !== cursor) throw new RangeError('not a cursor of this storage');
  return key;
}
