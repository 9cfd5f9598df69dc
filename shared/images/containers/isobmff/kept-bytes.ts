import { damagedImage } from '../../image-rejections.ts';
import type { Box } from './boxes.ts';

/** Bytes `[start, end)` of the file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

interface MediaBytes {
  /** The boxes with coded images: `mdat` and `idat`. */
  readonly regions: readonly Box[];
  /** What stays. These may share bytes with each other. */
  readonly kept: readonly ByteRange[];
  /** What items or tracks claim that do not stay. */
  readonly removed: readonly ByteRange[];
}

/**
 * Zeros the bytes in `regions` that are not kept, whether some item claims them or none does.
 * @throws ContentRejectedError image_damaged when a kept range is not inside one region, or shares bytes with a removed one
 */
export function keepBytes(file: Buffer, { regions, kept, removed }: MediaBytes): void {
  const ranges = inOrder(kept);
  checkApart(ranges, inOrder(removed));
  let next = 0;
  for (const { contentStart, end } of [...regions].sort((a, b) => a.contentStart - b.contentStart)) {
    let at = contentStart;
    for (let range = ranges[next]; range !== undefined && range.start < end; range = ranges[next]) {
      next += 1;
      if (range.start < contentStart || range.end > end) throw notThere();
      if (range.start > at) file.fill(0, at, range.start);
      at = Math.max(at, range.end);
    }
    file.fill(0, at, end);
  }
  if (next < ranges.length) throw notThere();
}

function inOrder(ranges: readonly ByteRange[]): ByteRange[] {
  return ranges.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start);
}

/** Both in order. */
function checkApart(kept: readonly ByteRange[], removed: readonly ByteRange[]): void {
  let next = 0;
  let keptEnd = 0;
  for (const { start, end } of removed) {
    for (let range = kept[next]; range !== undefined && range.start < end; range = kept[next]) {
      next += 1;
      keptEnd = Math.max(keptEnd, range.end);
    }
    if (keptEnd > start) throw damagedImage('an image shares its bytes with metadata');
  }
}

function notThere() {
  return damagedImage('its image is not all there');
}
