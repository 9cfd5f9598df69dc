import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage, heicUnsupported, tooManyPixels } from '../../image-rejections.ts';
import { type Box, boxesBeforeOthers, HIDDEN } from '../isobmff/boxes.ts';
import { rebuildColour } from '../isobmff/colour-property.ts';
import { itemData } from '../isobmff/item-locations.ts';
import { countAv1Frames } from './av1-units.ts';
import { checkGrids } from './grids.ts';
import { type AvifItems, itemsOf, metaOf } from './items.ts';

/** Boxes at the top that a still image needs. Offsets count from the file's start, so others are hidden, not cut. */
const DECODED_BOXES = new Set(['ftyp', 'meta', 'mdat']);
const FILM_BOXES = new Set(['moov', 'moof']);

/** Coded images, and images made of them. All others are metadata (`Exif`, XMP as `mime`) or are not decoded. */
const DECODED_ITEMS = new Set(['av01', 'grid']);
/** It is the items, not the brands in `ftyp`, that name the codec. */
const HEVC_ITEMS = new Set(['hvc1', 'hev1']);

/**
 * An AVIF in which everything but AV1 images is hidden, its colour profiles are rebuilt, and what follows the last box is
 * cut off. The library reads every metadata item into memory while it opens the file, and items may share the same bytes
 * many times over. Properties of the image say how it is turned and mirrored (MIAF 7.3.6.7), never Exif, so nothing is
 * lost.
 *
 * Every image in the file, alpha and preview included, is held to the pixel limit: what it says is what the library
 * reserves memory for, and it refuses coded data larger than that.
 *
 * @throws ContentRejectedError image_damaged, heic_unsupported, image_too_complex, too_many_pixels, metadata_too_large
 */
export function* decodableAvif(file: Buffer): Generator<Uint8Array> {
  const found = boxesBeforeOthers(file);
  const copy = Buffer.from(file.subarray(0, found.at(-1)?.end));
  for (const { type, typeAt } of found) {
    if (FILM_BOXES.has(type)) throw new ContentRejectedError('image_too_complex', 'the AVIF is animated');
    if (!DECODED_BOXES.has(type)) copy.write(HIDDEN, typeAt, 'latin1');
  }
  const items = itemsOf(copy, metaOf(copy));
  hideOtherItems(copy, items);
  for (const property of items.properties.all) checkProperty(copy, property);
  checkFrames(copy, items);
  checkGrids(copy, items);
  yield copy;
}

function hideOtherItems(file: Buffer, { entries }: AvifItems): void {
  for (const { type, typeAt } of entries) {
    if (HEVC_ITEMS.has(type)) throw heicUnsupported();
    if (!DECODED_ITEMS.has(type)) file.write(HIDDEN, typeAt, 'latin1');
  }
}

function checkProperty(file: Buffer, property: Box): void {
  const { type, contentStart, end } = property;
  if (type === 'colr') rebuildColour(file, property);
  if (type === 'ispe') checkSize(file.subarray(contentStart, end));
}

/** `ispe` holds version and flags, width and height, 4 bytes each. */
function checkSize(ispe: Buffer): void {
  if (ispe.length < 12) throw damagedImage('a size is missing');
  const [width, height, limit] = [ispe.readUInt32BE(4), ispe.readUInt32BE(8), IMAGE_LIMITS.avifPixels];
  if (width * height > limit) throw tooManyPixels(width, height, limit);
}

/**
 * An image is one frame, or up to four when it is coded in layers; the library decodes all that are there. Images do not
 * share bytes: else a small file could list any number of large ones.
 */
function checkFrames(file: Buffer, { entries, locations, idat }: AvifItems): void {
  let total = 0;
  for (const { id, type } of entries) {
    const location = locations.get(id);
    if (type !== 'av01' || location === undefined) continue;
    const image = itemData(location, { file, idat });
    total += image.length;
    if (total > file.length) throw damagedImage('its images share bytes');
    if (countAv1Frames(image) > IMAGE_LIMITS.avifFrames) throw tooManyFrames();
  }
}

function tooManyFrames(): ContentRejectedError {
  return new ContentRejectedError('image_too_complex', `an image has more than ${IMAGE_LIMITS.avifFrames} frames`);
}
