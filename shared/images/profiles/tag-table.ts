import { HEADER_BYTES } from './header.ts';
import { requireThat } from './unusable-profile.ts';

/** A row of the tag table (ICC.1:2022, 7.3). */
export interface TagEntry {
  readonly signature: string;
  /** Where its element begins in the profile. */
  readonly start: number;
  readonly element: Buffer;
}

/** Bytes of the count, and of each row. */
export const TAG_TABLE = { countBytes: 4, rowBytes: 12 } as const;

/** lcms refuses a profile with more. */
const MOST_TAGS = 100;

/**
 * All rows, in their order.
 * @param content the profile, no longer than it declares
 * @throws UnusableProfileError when the table, or an element, is not within the profile
 */
export function readTagTable(content: Buffer): readonly TagEntry[] {
  const count = content.readUInt32BE(HEADER_BYTES);
  const tableEnd = HEADER_BYTES + TAG_TABLE.countBytes + TAG_TABLE.rowBytes * count;
  requireThat(count <= MOST_TAGS, `it has at most ${MOST_TAGS} tags`);
  requireThat(tableEnd <= content.length, 'its tag table is within the profile');
  return Array.from({ length: count }, (_, at) => readRow(content, tableEnd, at));
}

function readRow(content: Buffer, tableEnd: number, index: number): TagEntry {
  const row = HEADER_BYTES + TAG_TABLE.countBytes + TAG_TABLE.rowBytes * index;
  const start = content.readUInt32BE(row + 4);
  const end = start + content.readUInt32BE(row + 8);
  requireThat(start >= tableEnd && end <= content.length, 'its elements are between the tag table and the end');
  return { signature: content.toString('latin1', row, row + 4), start, element: content.subarray(start, end) };
}

/**
 * Tags may share an element, such as one curve for three channels, but only the whole of it. Otherwise a curve could run
 * into the text of a tag that goes, and the rebuilt profile could be longer than the original.
 * @throws UnusableProfileError when an element of `kept` overlaps one of `all` in part
 */
export function requireNoPartialOverlap(kept: readonly TagEntry[], all: readonly TagEntry[]): void {
  const isWhole = kept.every((one) => all.every((other) => isSameElement(one, other) || isApart(one, other)));
  requireThat(isWhole, 'its elements overlap wholly or not at all');
}

function isSameElement(a: TagEntry, b: TagEntry): boolean {
  return a.start === b.start && a.element.length === b.element.length;
}

function isApart(a: TagEntry, b: TagEntry): boolean {
  return a.start + a.element.length <= b.start || b.start + b.element.length <= a.start;
}
