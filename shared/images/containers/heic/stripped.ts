import { damagedImage } from '../../image-rejections.ts';
import { boxesBeforeOthers, keepBoxes, onlyBox } from '../isobmff/boxes.ts';
import { checkBrands } from '../isobmff/brands.ts';
import { keepBytes } from '../isobmff/kept-bytes.ts';
import { stripMeta } from '../isobmff/stripped-meta.ts';
import { HEVC_CODEC } from './hevc-codec.ts';

/**
 * A HEIC without its metadata, in place like an AVIF: what is shown stays where it is, all other bytes are zeros, and what
 * follows the last needed box is cut off. Exif, XMP, names, thumbnails, depth maps and masks are removed; tiles, alpha and
 * gain maps stay. In the coded images, messages that hold user data are overwritten. Nothing is decoded.
 *
 * @throws ContentRejectedError image_damaged, also for films and for items, properties and units of unknown types
 */
export function* strippedHeic(file: Buffer): Generator<Uint8Array> {
  const copy = Buffer.from(file);
  const found = boxesBeforeOthers(copy);
  if (found.some(({ type }) => FILM_BOXES.has(type))) throw damagedImage('it is a film');
  const kept = keepBoxes(copy, found, FILE_BOXES);
  checkBrands(copy, onlyBox(kept, 'ftyp'));
  const media = kept.filter(({ type }) => type === 'mdat');
  const { idat, ...ranges } = stripMeta(copy, onlyBox(kept, 'meta'), HEVC_CODEC);
  keepBytes(copy, { ...ranges, regions: [...media, ...(idat ? [idat] : [])] });
  yield copy.subarray(0, kept.at(-1)?.end);
}

const FILE_BOXES = new Set(['ftyp', 'meta', 'mdat']);
const FILM_BOXES = new Set(['moov', 'moof']);
