import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage, profileTooLarge, tooManyPixels } from '../../image-rejections.ts';
import { type Box, boxes, HIDDEN, onlyBox } from '../isobmff/boxes.ts';
import { itemEntries } from '../isobmff/item-entries.ts';
import { itemData, itemLocations } from '../isobmff/item-locations.ts';
import { countAv1Frames } from './av1-units.ts';

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

/**
 * A picture is one frame, or up to four when it is coded in layers; the library decodes all that are there. Pictures do
 * not share bytes: else a small file could list any number of large ones.
 */
function checkFrames(file: Buffer, children: readonly Box[], pictures: ReadonlySet<number>): void {
  const contentOf = (box: Box | undefined) => file.subarray(box?.contentStart ?? 0, box?.end ?? 0);
  const idat = contentOf(children.find(({ type }) => type === 'idat'));
  let total = 0;
  for (const item of itemLocations(contentOf(onlyBox(children, 'iloc')))) {
    if (!pictures.has(item.id)) continue;
    const picture = itemData(item, { file, idat });
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
