import { damagedImage } from '../../image-rejections.ts';
import { boxesBeforeOthers, keepBoxes, onlyBox, optionalBox } from '../isobmff/boxes.ts';
import { checkBrands } from '../isobmff/brands.ts';
import { keepBytes } from '../isobmff/kept-bytes.ts';
import { stripMeta } from '../isobmff/stripped-meta.ts';
import { AV1_CODEC } from './av1-codec.ts';
import { stripFilm } from './film.ts';

/**
 * An AVIF without its metadata, in place, because its items and frames are found by their distance from the file's start:
 * zeros replace all bytes that belong to no image, all names and times, and all boxes that this product does not know. What
 * follows the last box that is needed is cut off. The image is upright by its properties, never by Exif (MIAF 7.3.6.7).
 *
 * An animated AVIF has a film beside the items, or alone. Both may use the same bytes.
 *
 * @throws ContentRejectedError image_damaged, also for films in fragments and for items, properties and tracks that this
 * product does not know
 */
export function* strippedAvif(file: Buffer): Generator<Uint8Array> {
  const copy = Buffer.from(file);
  const found = boxesBeforeOthers(copy);
  if (found.some(({ type }) => type === 'moof')) throw damagedImage('it is a film in fragments');
  const kept = keepBoxes(copy, found, FILE_BOXES);
  checkBrands(copy, onlyBox(kept, 'ftyp'));
  const moov = optionalBox(kept, 'moov');
  const meta = moov ? optionalBox(kept, 'meta') : onlyBox(kept, 'meta');
  const { kept: items = [], removed = [], idat } = meta ? stripMeta(copy, meta, AV1_CODEC) : {};
  const frames = moov ? stripFilm(copy, moov) : [];
  const media = kept.filter(({ type }) => type === 'mdat');
  keepBytes(copy, { regions: [...media, ...(idat ? [idat] : [])], kept: [...items, ...frames], removed });
  yield copy.subarray(0, kept.at(-1)?.end);
}

const FILE_BOXES = new Set(['ftyp', 'meta', 'moov', 'mdat']);
