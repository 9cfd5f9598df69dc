import { damagedImage } from '../../image-rejections.ts';
import { boxesBeforeOthers, keepBoxes, onlyBox } from '../isobmff/boxes.ts';
import { checkBrands } from '../isobmff/brands.ts';
import { keepBytes } from '../isobmff/kept-bytes.ts';
import { stripMeta } from '../isobmff/stripped-meta.ts';
import { AV1_CODEC } from './av1-codec.ts';

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
  const { idat, ...ranges } = stripMeta(copy, onlyBox(kept, 'meta'), AV1_CODEC);
  keepBytes(copy, { ...ranges, regions: [...media, ...(idat ? [idat] : [])] });
  yield copy.subarray(0, kept.at(-1)?.end);
}

const FILE_BOXES = new Set(['ftyp', 'meta', 'mdat']);
const FILM_BOXES = new Set(['moov', 'moof']);
