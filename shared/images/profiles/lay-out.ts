import { HEADER_BYTES } from './header.ts';
import { TAG_TABLE, type TagEntry } from './tag-table.ts';

/** Tags that share an element have the same buffer. */
export interface ProfileTag {
  readonly signature: string;
  readonly element: Buffer;
}

/**
 * A profile: header, tag table, then each element once, at a multiple of 4 (ICC.1:2022, 7.2.1 and 7.3).
 * @param header without the size, which is written here
 */
export function layOut(header: Buffer, tags: readonly ProfileTag[]): Buffer {
  const starts = new Map<Buffer, number>();
  let end = HEADER_BYTES + TAG_TABLE.countBytes + TAG_TABLE.rowBytes * tags.length;
  for (const { element } of tags) {
    if (starts.has(element)) continue;
    starts.set(element, end);
    end += element.length + (-element.length & 3);
  }
  const profile = Buffer.alloc(end);
  header.copy(profile);
  profile.writeUInt32BE(end, 0);
  profile.writeUInt32BE(tags.length, HEADER_BYTES);
  for (const [at, tag] of tags.entries()) writeRow(profile, at, { ...tag, start: starts.get(tag.element) ?? 0 });
  for (const [element, start] of starts) element.copy(profile, start);
  return profile;
}

function writeRow(profile: Buffer, index: number, { signature, start, element }: TagEntry): void {
  const row = HEADER_BYTES + TAG_TABLE.countBytes + TAG_TABLE.rowBytes * index;
  profile.write(signature, row, 'latin1');
  profile.writeUInt32BE(start, row + 4);
  profile.writeUInt32BE(element.length, row + 8);
}
