import { ContentRejectedError } from '../../../errors.ts';
import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxes, emptyBox, HIDDEN, onlyBox } from '../isobmff/boxes.ts';
import { itemEntries } from '../isobmff/item-entries.ts';
import { keepPictureBytes } from './picture-bytes.ts';
import { keepPictureProperties } from './properties.ts';

/**
 * An AVIF without its metadata, in place, because its items are found by their distance from the file's start: zeros
 * stand in all bytes that belong to no picture, in all names, and in all boxes that this product does not know. What
 * follows the last box that is needed is cut off. The picture stands upright by its properties, never by Exif (MIAF
 * 7.3.6.7).
 *
 * @throws ContentRejectedError image_damaged, also for films and for items and properties that this product does not know
 */
export function* strippedAvif(file: Buffer): Generator<Uint8Array> {
  const copy = Buffer.from(file);
  const found = boxesBeforeOthers(copy);
  if (found.some(({ type }) => FILM_BOXES.has(type))) throw damagedImage('it is a film');
  const kept = keepBoxes(copy, found, FILE_BOXES);
  checkBrands(copy, onlyBox(kept, 'ftyp'));
  const media = kept.filter(({ type }) => type === 'mdat');
  keepPictures(copy, onlyBox(kept, 'meta'), media);
  yield copy.subarray(0, kept.at(-1)?.end);
}

const FILE_BOXES = new Set(['ftyp', 'meta', 'mdat']);
const FILM_BOXES = new Set(['moov', 'moof']);
const META_BOXES = new Set(['hdlr', 'pitm', 'iloc', 'iinf', 'iref', 'iprp', 'idat', 'grpl']);
const PROPERTY_BOXES = new Set(['ipco', 'ipma']);

/** Coded pictures, and pictures made of them: of tiles, the same once more, with more light. */
const PICTURE_ITEMS = new Set(['av01', 'grid', 'iden', 'tmap']);
/** XMP is `mime`. */
const METADATA_ITEMS = new Set(['Exif', 'mime', 'uri ', HIDDEN]);

/** The boxes up to the first bytes that are none: these are no part of the picture. */
function boxesBeforeOthers(file: Buffer): Box[] {
  const found: Box[] = [];
  try {
    for (const box of boxes(file, 0, file.length)) found.push(box);
  } catch (error) {
    if (!(error instanceof ContentRejectedError)) throw error;
  }
  return found;
}

/** One brand, a version, and more brands, of four letters each. */
function checkBrands(file: Buffer, { contentStart, end }: Box): void {
  const brands =
    file.toString('latin1', contentStart, contentStart + 4) + file.toString('latin1', contentStart + 8, end);
  if (!/^(?:[\w ]{4})+$/.test(brands)) throw damagedImage('it does not say what it is');
}

/** Empties the boxes of other types than `types` and gives those that stay. */
function keepBoxes(file: Buffer, found: Iterable<Box>, types: ReadonlySet<string>): Box[] {
  const kept: Box[] = [];
  for (const box of found) {
    if (types.has(box.type)) kept.push(box);
    else emptyBox(file, box);
  }
  return kept;
}

function keepPictures(file: Buffer, meta: Box, media: readonly Box[]): void {
  const children = keepBoxes(file, boxes(file, meta.contentStart + 4, meta.end), META_BOXES);
  for (const { type, contentStart, end } of children) {
    if (type === 'hdlr') file.fill(0, Math.min(contentStart + 12, end), end); // all but the type of what is handled
  }
  const pictures = keepPictureItems(file, onlyBox(children, 'iinf'));
  if (!pictures.has(primaryItem(file, onlyBox(children, 'pitm')))) throw damagedImage('it shows no picture');
  const iprp = onlyBox(children, 'iprp');
  const properties = keepBoxes(file, boxes(file, iprp.contentStart, iprp.end), PROPERTY_BOXES);
  keepPictureProperties(file, onlyBox(properties, 'ipco'));
  const [idat, ...others] = children.filter(({ type }) => type === 'idat');
  if (others.length > 0) throw damagedImage('it has several "idat" boxes');
  keepPictureBytes(file, { iloc: onlyBox(children, 'iloc'), pictures, media, idat });
}

/** Hides the items that are metadata, takes their names from all, and gives the pictures: id -> type. */
function keepPictureItems(file: Buffer, iinf: Box): Map<number, string> {
  const pictures = new Map<number, string>();
  for (const { id, type, typeAt, end } of itemEntries(file, iinf)) {
    if (PICTURE_ITEMS.has(type)) pictures.set(id, type);
    else if (METADATA_ITEMS.has(type)) file.write(HIDDEN, typeAt, 'latin1');
    else throw damagedImage(`nobody knows items of type "${type}"`);
    file.fill(0, typeAt + 4, end);
  }
  return pictures;
}

/** `pitm` holds version and flags, and an id of 2 bytes (version 0) or 4. */
function primaryItem(file: Buffer, { contentStart, end }: Box): number {
  const idBytes = file[contentStart] === 0 ? 2 : 4;
  if (contentStart + 4 + idBytes > end) throw damagedImage('it does not say which picture it shows');
  return file.readUIntBE(contentStart + 4, idBytes);
}
