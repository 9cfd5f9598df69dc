import { itemData } from '../isobmff/item-locations.ts';
import { sequenceHeaderIn } from './av1-units.ts';
import { type AvifItems, itemsOf, metaOf } from './items.ts';
import { readAv1Sequence } from './sequence-header.ts';

/** What the library ignores of how the colours of an AVIF are stored. */
export interface AvifColours {
  /** Each colour is multiplied by its opacity already (MIAF, 7.3.5.2). */
  readonly isPremultiplied: boolean;
  /** Shades of grey from 16, black, to 235, white (ITU-T H.273, 8.3). */
  readonly isLimitedGrey: boolean;
}

/**
 * @param file what `decodableAvif` made
 * @throws ContentRejectedError image_damaged
 */
export function avifColours(file: Buffer): AvifColours {
  const items = itemsOf(file, metaOf(file));
  return {
    isPremultiplied: items.references.some(({ type, from }) => type === 'prem' && from === items.primary),
    isLimitedGrey: isLimitedGrey(file, items),
  };
}

/** Colours that are described by numbers in the container win over what the coded image says (MIAF, 7.3.6.4). */
function isLimitedGrey(file: Buffer, items: AvifItems): boolean {
  const ids = imageIds(items);
  const location = ids.map((id) => items.locations.get(id)).at(-1);
  const header = location && sequenceHeaderIn(itemData(location, { file, idat: items.idat }));
  if (header === undefined) return false;
  const { isGrey, hasFullRange } = readAv1Sequence(header);
  return isGrey && !(hasFullRangeBox(file, items, ids) ?? hasFullRange);
}

/** `nclx` ends with a bit for the full range (ISO/IEC 14496-12, 12.1.5). */
function hasFullRangeBox(file: Buffer, { properties }: AvifItems, ids: readonly number[]): boolean | undefined {
  for (const { type, contentStart, end } of ids.flatMap((id) => properties.of(id))) {
    const content = file.subarray(contentStart, end);
    if (type === 'colr' && content.toString('latin1', 0, 4) === 'nclx') return ((content[10] ?? 0) & 0x80) !== 0;
  }
  return undefined;
}

/** The item that is shown, and its first tile if it has tiles. */
function imageIds({ primary, references }: AvifItems): readonly number[] {
  const tile = references.find(({ type, from }) => type === 'dimg' && from === primary)?.to[0];
  return tile === undefined ? [primary] : [primary, tile];
}
