import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxes } from './boxes.ts';

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
