import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxesBeforeOthers, keepBoxes, onlyBox, optionalBox } from './boxes.ts';
import { checkBrands } from './brands.ts';
import { type ByteRange, keepBytes } from './kept-bytes.ts';
import { type ItemCodec, stripMeta } from './stripped-meta.ts';

const FILE_BOXES = new Set(['ftyp', 'meta', 'moov', 'mdat']);

/**
 * A file without its metadata, in place, because its items and frames are found by their distance from the file's start:
 * zeros replace all bytes that belong to no image, all names and times, and all boxes that this product does not know. What
 * follows the last box that is needed is cut off.
 * @param stripFilm removes the metadata from `moov` and returns the bytes of its frames; without it, films are refused. A
 * film may be there beside the items, or alone, and both may use the same bytes.
 * @throws ContentRejectedError image_damaged, also for films in fragments and for items and properties that this product
 * does not know
 */
export function strippedFile(
  sent: Buffer,
  codec: ItemCodec,
  stripFilm?: (file: Buffer, moov: Box) => readonly ByteRange[],
): Buffer {
  const file = Buffer.from(sent);
  const found = boxesBeforeOthers(file);
  if (found.some(({ type }) => type === 'moof')) throw damagedImage('it is a film in fragments');
  const kept = keepBoxes(file, found, FILE_BOXES);
  checkBrands(file, onlyBox(kept, 'ftyp'));
  const moov = optionalBox(kept, 'moov');
  if (moov && !stripFilm) throw damagedImage('it is a film');
  const meta = moov ? optionalBox(kept, 'meta') : onlyBox(kept, 'meta');
  const { kept: items = [], removed = [], idat } = meta ? stripMeta(file, meta, codec) : {};
  const frames = moov && stripFilm ? stripFilm(file, moov) : [];
  const media = kept.filter(({ type }) => type === 'mdat');
  keepBytes(file, { regions: [...media, ...(idat ? [idat] : [])], kept: [...items, ...frames], removed });
  return file.subarray(0, kept.at(-1)?.end);
}
