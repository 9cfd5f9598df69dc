import { InvalidKeyError } from '../../errors.ts';
import { type StorageKey, storageKeyOf } from '../object-keys.ts';

/** Longer names are split over folders: file systems take 255 bytes, and a sidecar adds a few. */
const MAX_NAME_LENGTH = 200;

/** A split name: the first part ends and the next begins with the mark. No escaped name ends with `^`. */
const SPLIT = '^/^';

/**
 * The path of an object below the root, with `/`. Reversible, and different for any two keys on every disk: upper case
 * is written `^a` (some disks fold case), everything that a disk may refuse, fold or normalize is percent-encoded in
 * lower case. `.` at either end of a segment is encoded too: names that begin with it belong to the backend, and
 * Windows drops it at the end. Ordinary lower-case keys stay as they are.
 * @throws InvalidKeyError, also for a string that was cast to a key without passing `storageKeyOf`.
 */
export function filePathOf(key: StorageKey): string {
  if (!key.isWellFormed()) throw new InvalidKeyError(key, 'not Unicode text');
  return storageKeyOf(key).split('/').map(escapeSegment).map(splitName).join('/');
}

/** The part of a key that a name on disk stands for; undefined if the backend does not write such a name. */
export function segmentOf(name: string): string | undefined {
  const segment = unescapeName(name);
  return segment !== undefined && isSegment(segment) && escapeSegment(segment) === name ? segment : undefined;
}

/** Whether a folder holds only the rest of longer names. */
export function isSplitFolder(name: string): boolean {
  return name.endsWith('^');
}

/** The name whose first part is the split folder `first` and whose rest is the `rest` in it; undefined for others. */
export function joinName(first: string, rest: string): string | undefined {
  return rest.startsWith('^') ? first.slice(0, -1) + rest.slice(1) : undefined;
}

function escapeSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/%2B|%3D|%40/g, decodeURIComponent)
    .replace(/%../g, (escaped) => escaped.toLowerCase())
    .replaceAll('*', '%2a')
    .replace(/[A-Z]/g, (letter) => `^${letter.toLowerCase()}`)
    .replace(/^\.|\.$/g, '%2e')
    .replace(/^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/, encodeFirst); // devices on Windows, whatever follows the dot
}

function encodeFirst(name: string): string {
  return `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
}

function unescapeName(name: string): string | undefined {
  try {
    return decodeURIComponent(name.replace(/\^([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  } catch {
    return undefined;
  }
}

function isSegment(text: string): boolean {
  try {
    return !storageKeyOf(text).includes('/');
  } catch {
    return false;
  }
}

function splitName(name: string): string {
  const parts: string[] = [];
  for (let at = 0; at < name.length; at += MAX_NAME_LENGTH) parts.push(name.slice(at, at + MAX_NAME_LENGTH));
  return parts.join(SPLIT);
}
