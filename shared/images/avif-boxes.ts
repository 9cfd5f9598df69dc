import { ContentRejectedError } from '../errors.ts';
import { countAv1Frames } from './av1-frames.ts';
import { avifItemData, avifItems } from './avif-items.ts';
import { IMAGE_LIMITS } from './image-limits.ts';
import { damagedImage, profileTooLarge, tooManyPixels } from './image-rejections.ts';

/** One box (ISO/IEC 14496-12, 4.2): length and type, then its content `[contentStart, end)`. */
export interface Box {
  readonly type: string;
  /** Where its four letters stand. */
  readonly typeAt: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Boxes at the top that a still picture needs. Offsets count from the file's start, so others are hidden, not cut. */
const DECODED_BOXES = new Set(['ftyp', 'meta', 'mdat']);

/** The item type of an AV1 picture. Others are metadata (`Exif`, XMP as `mime`) or other codecs. */
const AV1_ITEM = 'av01';

/** Item types that decide the fate of the file; it is the items, not the brands in `ftyp`, that name the codec. */
const REFUSED_ITEMS: Readonly<Record<string, ContentRejectedError['code']>> = {
  hvc1: 'heic_unsupported',
  hev1: 'heic_unsupported',
  // A picture made of tiles: one tile can be named thousands of times, and each time it is decoded again.
  grid: 'image_too_complex',
};

/** A type that readers skip. */
export const HIDDEN = 'skip';

/**
 * An AVIF of the same length in which everything but AV1 pictures is hidden. The library reads every metadata item into
 * memory while it opens the file, and items may share the same bytes many times over. Turning and mirroring is said by
 * properties of the picture (MIAF 7.3.6.7), never by Exif, so nothing is lost.
 *
 * Every picture in the file, alpha and preview included, is held to the pixel limit: what it says is what the library
 * reserves memory for, and it refuses coded data larger than that.
 *
 * @throws ContentRejectedError image_damaged, heic_unsupported, image_too_complex, too_many_pixels, metadata_too_large
 */
export function* decodableAvif(file: Buffer): Generator<Uint8Array> {
  const copy = Buffer.from(file);
  for (const box of boxes(copy, 0, copy.length)) {
    if (!DECODED_BOXES.has(box.type)) copy.write(HIDDEN, box.typeAt, 'latin1');
    if (box.type === 'meta') checkMeta(copy, box);
  }
  yield copy;
}

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

/** Leaves nothing of a box but its length: readers skip it. */
export function emptyBox(file: Buffer, { typeAt, contentStart, end }: Box): void {
  file.fill(0, contentStart, end);
  file.write('free', typeAt, 'latin1');
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

/** `meta` and the boxes below it: `iinf` lists the items, `iloc` their bytes, `iprp` > `ipco` their properties. */
function checkMeta(file: Buffer, meta: Box): void {
  const children = [...boxes(file, meta.contentStart + 4, meta.end)];
  const pictures = hideOtherItems(file, onlyBox(children, 'iinf'));
  checkFrames(file, children, pictures);
  const properties = onlyBox(children, 'iprp');
  for (const { type, contentStart, end } of boxes(file, properties.contentStart, properties.end)) {
    if (type === 'ipco') checkProperties(file, contentStart, end);
  }
}

/**
 * The one box of its type: of two, a reader may take the one that was not checked.
 * @throws ContentRejectedError image_damaged
 */
export function onlyBox(children: readonly Box[], type: string): Box {
  const [box, ...others] = children.filter((child) => child.type === type);
  if (box === undefined || others.length > 0) throw damagedImage(`it has no "${type}" box, or several`);
  return box;
}

/** Hides the items that are not AV1 pictures and gives the ids of those that are. */
function hideOtherItems(file: Buffer, iinf: Box): Set<number> {
  const pictures = new Set<number>();
  for (const { id, type, typeAt } of itemEntries(file, iinf)) {
    const refusal = REFUSED_ITEMS[type];
    if (refusal !== undefined) throw new ContentRejectedError(refusal, `pictures of "${type}" items are not accepted`);
    if (type === AV1_ITEM) pictures.add(id);
    else file.write(HIDDEN, typeAt, 'latin1');
  }
  return pictures;
}

/** An item as `iinf` lists it: after its type stand names, up to `end`. */
export interface ItemEntry {
  readonly id: number;
  readonly type: string;
  readonly typeAt: number;
  readonly end: number;
}

/**
 * The items that `iinf` lists (ISO/IEC 14496-12, 8.11.6). `infe` holds version and flags, an id of 2 bytes (version 2) or
 * 4 (version 3), protection, and the item's type. Older versions have no type.
 * @throws ContentRejectedError image_damaged
 */
export function* itemEntries(file: Buffer, iinf: Box): Generator<ItemEntry> {
  const countBytes = file[iinf.contentStart] === 0 ? 2 : 4;
  for (const { type: boxType, contentStart, end } of boxes(file, iinf.contentStart + 4 + countBytes, iinf.end)) {
    const idBytes = file[contentStart] === 2 ? 2 : 4;
    const typeAt = contentStart + 6 + idBytes;
    const isReadable = boxType === 'infe' && (idBytes === 2 || file[contentStart] === 3) && typeAt + 4 <= end;
    if (!isReadable) throw damagedImage('an item has no type');
    const id = file.readUIntBE(contentStart + 4, idBytes);
    yield { id, type: file.toString('latin1', typeAt, typeAt + 4), typeAt, end };
  }
}

/**
 * A picture is one frame, or up to four when it is coded in layers; the library decodes all that are there. Pictures do
 * not share bytes: else a small file could list any number of large ones.
 */
function checkFrames(file: Buffer, children: readonly Box[], pictures: ReadonlySet<number>): void {
  const contentOf = (box: Box | undefined) => file.subarray(box?.contentStart ?? 0, box?.end ?? 0);
  const itemData = contentOf(children.find(({ type }) => type === 'idat'));
  let total = 0;
  for (const item of avifItems(contentOf(onlyBox(children, 'iloc')))) {
    if (!pictures.has(item.id)) continue;
    const picture = avifItemData(item, { file, itemData });
    total += picture.length;
    if (total > file.length) throw damagedImage('its pictures share bytes');
    if (countAv1Frames(picture) > IMAGE_LIMITS.avifFrames) throw tooManyFrames();
  }
}

function checkProperties(file: Buffer, from: number, to: number): void {
  for (const { type, contentStart, end } of boxes(file, from, to)) {
    if (type === 'colr' && end - contentStart > IMAGE_LIMITS.colourProfileBytes) throw profileTooLarge();
    if (type === 'ispe') checkSize(file.subarray(contentStart, end));
  }
}

/** `ispe` holds version and flags, width and height, 4 bytes each. */
function checkSize(ispe: Buffer): void {
  if (ispe.length < 12) throw damagedImage('a size is missing');
  const [width, height, limit] = [ispe.readUInt32BE(4), ispe.readUInt32BE(8), IMAGE_LIMITS.avifPixels];
  if (width * height > limit) throw tooManyPixels(width, height, limit);
}

function tooManyFrames(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `a picture has more than ${IMAGE_LIMITS.avifFrames} frames`);
}
