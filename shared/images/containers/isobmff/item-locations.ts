import { damagedImage } from '../../image-rejections.ts';
import { bigEndianReader } from './big-endian-reader.ts';

/** Where the bytes of one item stand. */
export interface ItemLocation {
  readonly id: number;
  /** In this file, or in its box `idat`; `elsewhere` is for other files and for parts of other items. */
  readonly source: 'file' | 'idat' | 'elsewhere';
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
}

/**
 * The items that the content of an `iloc` box lists (ISO/IEC 14496-12, 8.11.3).
 * @throws ContentRejectedError image_damaged
 */
export function* itemLocations(iloc: Buffer): Generator<ItemLocation> {
  const { read } = bigEndianReader(iloc);
  const version = read(1);
  read(3); // flags
  const [offsetBytes, lengthBytes] = nibbles(read(1));
  const [baseBytes, indexBytes] = nibbles(read(1));
  // Without a length an extent may take no byte here, and a few bytes could list billions of them.
  if (lengthBytes === 0) throw damagedImage('an item has no length');
  const itemCount = read(version < 2 ? 2 : 4);
  for (let item = 0; item < itemCount; item++) {
    const id = read(version < 2 ? 2 : 4);
    const inThisFile = SOURCES[version === 0 ? 0 : read(2) & 0x0f] ?? 'elsewhere';
    const source = read(2) === 0 ? inThisFile : 'elsewhere'; // data reference
    const base = read(baseBytes);
    const extents = Array.from({ length: read(2) }, () => {
      if (version > 0) read(indexBytes);
      return { offset: base + read(offsetBytes), length: read(lengthBytes) };
    });
    yield { id, source, extents };
  }
}

/**
 * The bytes of an item.
 * @throws ContentRejectedError image_damaged when they are not all there, or are more than the file has
 */
export function itemData(
  { source, extents }: ItemLocation,
  from: { readonly file: Buffer; readonly idat: Buffer },
): Buffer {
  if (source === 'elsewhere') throw damagedImage('its image is not in the file');
  const bytes = from[source];
  let total = 0;
  for (const { offset, length } of extents) {
    total += length;
    if (offset + length > bytes.length || total > bytes.length) throw damagedImage('its image is not all there');
  }
  return Buffer.concat(extents.map(({ offset, length }) => bytes.subarray(offset, offset + length)));
}

/**
 * Writes the bytes of an item back to where `itemData` found them.
 * @param data as long as the item
 */
export function writeItemData(
  { source, extents }: ItemLocation,
  to: { readonly file: Buffer; readonly idat: Buffer },
  data: Buffer,
): void {
  if (source === 'elsewhere') throw damagedImage('its image is not in the file');
  let at = 0;
  for (const { offset, length } of extents) {
    data.copy(to[source], offset, at, at + length);
    at += length;
  }
}

const SOURCES = ['file', 'idat'] as const;

function nibbles(byte: number): readonly [number, number] {
  return [byte >> 4, byte & 0x0f];
}
