import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';
import { bigEndianReader } from './big-endian-reader.ts';
import { type Box, boxes, keepStart } from './boxes.ts';

/** What one item says of others, by a type such as `thmb` (a thumbnail of) or `dimg` (made of). */
export interface ItemReference {
  readonly type: string;
  readonly typeAt: number;
  readonly from: number;
  readonly to: readonly number[];
}

/**
 * The references that `iref` lists (ISO/IEC 14496-12, 8.11.12). Zeros what follows the last id in each.
 * @throws ContentRejectedError image_damaged, also for more ids than IMAGE_LIMITS allow
 */
export function itemReferences(file: Buffer, iref: Box): ItemReference[] {
  const idBytes = file[iref.contentStart] === 0 ? 2 : 4;
  const references: ItemReference[] = [];
  let ids = 0;
  for (const box of boxes(file, iref.contentStart + 4, iref.end)) {
    const { read, position } = bigEndianReader(file.subarray(box.contentStart, box.end));
    const from = read(idBytes);
    const count = read(2);
    ids += count;
    if (ids > IMAGE_LIMITS.avifBoxes) throw damagedImage('its items refer to too many others');
    const to = Array.from({ length: count }, () => read(idBytes));
    keepStart(file, box, position());
    references.push({ type: box.type, typeAt: box.typeAt, from, to });
  }
  return references;
}
