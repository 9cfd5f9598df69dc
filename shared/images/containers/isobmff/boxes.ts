import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';

/** One box (ISO/IEC 14496-12, 4.2): length and type, then its content `[contentStart, end)`. */
export interface Box {
  readonly type: string;
  /** Where its four letters stand. */
  readonly typeAt: number;
  readonly contentStart: number;
  readonly end: number;
}

/** A type that readers skip. */
export const HIDDEN = 'skip';

/**
 * The boxes in `[start, end)`.
 * @throws ContentRejectedError image_damaged when one does not fit, or there are more than IMAGE_LIMITS allow
 */
export function* boxes(file: Buffer, start: number, end: number): Generator<Box> {
  let count = 0;
  for (let at = start; at < end; ) {
    count += 1;
    if (count > IMAGE_LIMITS.avifBoxes) throw damagedImage('a box has too many others in it');
    const box = boxAt(file, at, end);
    yield box;
    at = box.end;
  }
}

/** The boxes of a file up to the first bytes that are none: those are not part of the image. */
export function boxesBeforeOthers(file: Buffer): Box[] {
  const found: Box[] = [];
  try {
    for (const box of boxes(file, 0, file.length)) found.push(box);
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
  }
  return found;
}

/** Empties the boxes of other types than `types` and returns the rest. */
export function keepBoxes(file: Buffer, found: Iterable<Box>, types: ReadonlySet<string>): Box[] {
  const kept: Box[] = [];
  for (const box of found) {
    if (types.has(box.type)) kept.push(box);
    else emptyBox(file, box);
  }
  return kept;
}

/** The same for the boxes inside `parent`. */
export function keepChildren(file: Buffer, parent: Box, types: ReadonlySet<string>): Box[] {
  return keepBoxes(file, boxes(file, parent.contentStart, parent.end), types);
}

/** Leaves nothing of a box but its length: readers skip it. */
export function emptyBox(file: Buffer, { typeAt, contentStart, end }: Box): void {
  file.fill(0, contentStart, end);
  file.write('free', typeAt, 'latin1');
}

/**
 * Zeros what follows the first `bytes` bytes of a box's content.
 * @throws ContentRejectedError image_damaged when the content is shorter
 */
export function keepStart(file: Buffer, { type, contentStart, end }: Box, bytes: number): void {
  if (contentStart + bytes > end) throw damagedImage(`the box "${type}" is shorter than it can be`);
  file.fill(0, contentStart + bytes, end);
}

/** Zeros the name in a `hdlr` box: all but version, flags and the type of what is handled (ISO/IEC 14496-12, 8.4.3). */
export function clearHandlerName(file: Buffer, hdlr: Box): void {
  keepStart(file, hdlr, 12);
}

function boxAt(file: Buffer, at: number, limit: number): Box {
  if (at + 8 > limit) throw damagedImage('it ends inside a box');
  const typeAt = at + 4;
  const short = file.readUInt32BE(at);
  const isLong = short === 1;
  if (isLong && at + 16 > limit) throw damagedImage('it ends inside a box');
  const length = isLong ? Number(file.readBigUInt64BE(at + 8)) : short;
  const contentStart = at + (isLong ? 16 : 8);
  const end = short === 0 ? limit : at + length; // zero: to the end
  if (end < contentStart || end > limit) throw damagedImage('a box does not fit into the file');
  return { type: file.toString('latin1', typeAt, typeAt + 4), typeAt, contentStart, end };
}

/**
 * The one box of its type: of two, a reader may take the one that was not checked.
 * @throws ContentRejectedError image_damaged
 */
export function onlyBox(children: readonly Box[], type: string): Box {
  const box = optionalBox(children, type);
  if (box === undefined) throw damagedImage(`it has no "${type}" box`);
  return box;
}

/**
 * The one box of its type, or undefined if there is none.
 * @throws ContentRejectedError image_damaged when there are several
 */
export function optionalBox(children: readonly Box[], type: string): Box | undefined {
  const [box, ...others] = children.filter((child) => child.type === type);
  if (others.length > 0) throw damagedImage(`it has several "${type}" boxes`);
  return box;
}
