import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';
import { bigEndianReader } from './big-endian-reader.ts';
import { type Box, boxes, onlyBox } from './boxes.ts';

/** What `iprp` says: the properties in the order of the file, and which of them each item has, in order. */
export interface ItemProperties {
  readonly all: readonly Box[];
  readonly of: (id: number) => readonly Box[];
  /** The items that have properties. */
  readonly ids: readonly number[];
  /** The `ipma` boxes, and how many bytes of each content mean something. */
  readonly lists: readonly { readonly box: Box; readonly bytes: number }[];
}

/**
 * The properties of the items of a `meta` box, and which `ipma` (ISO/IEC 23008-12, 9.3.2) gives to which item.
 * @param children the boxes in it
 * @throws ContentRejectedError image_damaged
 */
export function propertiesIn(file: Buffer, children: readonly Box[]): ItemProperties {
  const iprp = onlyBox(children, 'iprp');
  const parts = [...boxes(file, iprp.contentStart, iprp.end)];
  const ipco = onlyBox(parts, 'ipco');
  const ipmas = parts.filter(({ type }) => type === 'ipma');
  return itemProperties(file, [...boxes(file, ipco.contentStart, ipco.end)], ipmas);
}

/** @param properties the boxes in `ipco` */
function itemProperties(file: Buffer, properties: readonly Box[], ipmas: readonly Box[]): ItemProperties {
  const found = new Map<number, readonly Box[]>();
  const lists = ipmas.map((ipma) => {
    const { read, position } = bigEndianReader(file.subarray(ipma.contentStart, ipma.end));
    const idBytes = read(1) === 0 ? 2 : 4;
    const indexBytes = (read(3) & 1) === 0 ? 1 : 2;
    const count = read(4);
    for (let entry = 0; entry < count; entry++) {
      const id = read(idBytes);
      if (found.has(id)) throw damagedImage('the properties of an item are listed twice');
      if (found.size === IMAGE_LIMITS.avifBoxes) throw damagedImage('too many items have properties');
      const indexes = Array.from({ length: read(1) }, () => read(indexBytes) & (indexBytes === 1 ? 0x7f : 0x7fff));
      found.set(
        id,
        indexes.filter((index) => index > 0).map((index) => propertyAt(properties, index)),
      );
    }
    return { box: ipma, bytes: position() };
  });
  return { all: properties, of: (id) => found.get(id) ?? [], ids: [...found.keys()], lists };
}

/** @param index from 1 on */
function propertyAt(properties: readonly Box[], index: number): Box {
  const property = properties[index - 1];
  if (property === undefined) throw damagedImage('an item has a property that is not there');
  return property;
}
