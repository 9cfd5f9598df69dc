import { type AvifItems, itemsOf, metaOf, propertyOf } from './items.ts';

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
    isLimitedGrey: isGrey(file, items) && isLimited(file, items),
  };
}

/** The third byte of `av1C` has a bit for it (AV1-ISOBMFF, 2.3.3). */
function isGrey(file: Buffer, items: AvifItems): boolean {
  return ((propertyOfImage(file, items, 'av1C')?.[2] ?? 0) & 0x10) !== 0;
}

/** `nclx` ends with a bit for the full range (ISO/IEC 14496-12, 12.1.5). Without it the range is limited. */
function isLimited(file: Buffer, items: AvifItems): boolean {
  const description = nclx(file, items);
  return ((description?.[10] ?? 0) & 0x80) === 0;
}

function nclx(file: Buffer, items: AvifItems): Buffer | undefined {
  for (const id of imageIds(items)) {
    for (const { type, contentStart, end } of items.properties.of(id)) {
      const content = file.subarray(contentStart, end);
      if (type === 'colr' && content.toString('latin1', 0, 4) === 'nclx') return content;
    }
  }
  return undefined;
}

function propertyOfImage(file: Buffer, items: AvifItems, type: string): Buffer | undefined {
  for (const id of imageIds(items)) {
    const property = propertyOf(file, items, { id, type });
    if (property !== undefined) return property;
  }
  return undefined;
}

/** The item that is shown, and its first tile. */
function imageIds({ primary, references }: AvifItems): readonly number[] {
  const tile = references.find(({ type, from }) => type === 'dimg' && from === primary)?.to[0];
  return tile === undefined ? [primary] : [primary, tile];
}
