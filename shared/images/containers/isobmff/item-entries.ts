import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxes } from './boxes.ts';

/** An item as `iinf` lists it: after its type stand names, up to `end`. */
export interface ItemEntry {
  readonly id: number;
  readonly type: string;
  readonly typeAt: number;
  readonly end: number;
  /** Not to be shown on its own, such as a tile (ISO/IEC 23008-12, 6.4.2). */
  readonly isHidden: boolean;
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
    const isHidden = (file.readUInt8(contentStart + 3) & 1) === 1;
    yield { id, type: file.toString('latin1', typeAt, typeAt + 4), typeAt, end, isHidden };
  }
}

/**
 * The id of the item that the file shows. `pitm` holds version and flags, and an id of 2 bytes (version 0) or 4.
 * @throws ContentRejectedError image_damaged
 */
export function primaryItem(file: Buffer, { contentStart, end }: Box): number {
  const idBytes = file[contentStart] === 0 ? 2 : 4;
  if (contentStart + 4 + idBytes > end) throw damagedImage('it does not say which image it shows');
  return file.readUIntBE(contentStart + 4, idBytes);
}
