import { damagedImage } from '../../image-rejections.ts';

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
  const read = readerOf(iloc);
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
  if (source === 'elsewhere') throw damagedImage('its picture is not in the file');
  const bytes = from[source];
  let total = 0;
  for (const { offset, length } of extents) {
    total += length;
    if (offset + length > bytes.length || total > bytes.length) throw damagedImage('its picture is not all there');
  }
  return Buffer.concat(extents.map(({ offset, length }) => bytes.subarray(offset, offset + length)));
}

const SOURCES = ['file', 'idat'] as const;

/** Reads big-endian numbers of 0 to 8 bytes, one after the other. */
function readerOf(bytes: Buffer): (length: number) => number {
  let at = 0;
  return (length) => {
    if (at + length > bytes.length) throw damagedImage('its list of places breaks off');
    let value = 0;
    for (const end = at + length; at < end; at++) value = value * 256 + bytes.readUInt8(at);
    return value;
  };
}

function nibbles(byte: number): readonly [number, number] {
  return [byte >> 4, byte & 0x0f];
}
