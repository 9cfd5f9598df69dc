import { damagedImage } from '../../image-rejections.ts';
import { type Box, boxes, onlyBox } from '../isobmff/boxes.ts';
import { type ItemEntry, itemEntries, primaryItem } from '../isobmff/item-entries.ts';
import { type ItemLocation, itemLocations } from '../isobmff/item-locations.ts';
import { type ItemReference, itemReferences } from '../isobmff/item-references.ts';
import { type ItemProperties, propertiesIn } from '../isobmff/property-associations.ts';

/** What the `meta` box of a still image says of its items. */
export interface AvifItems {
  readonly entries: readonly ItemEntry[];
  readonly primary: number;
  readonly locations: ReadonlyMap<number, ItemLocation>;
  readonly references: readonly ItemReference[];
  readonly properties: ItemProperties;
  /** The content of the box `idat`, in which the data of an item may be. */
  readonly idat: Buffer;
}

/** @throws ContentRejectedError image_damaged */
export function metaOf(file: Buffer): Box {
  return onlyBox([...boxes(file, 0, file.length)], 'meta');
}

/** @throws ContentRejectedError image_damaged */
export function itemsOf(file: Buffer, meta: Box): AvifItems {
  const children = [...boxes(file, meta.contentStart + 4, meta.end)];
  const contentOf = (box: Box | undefined) => file.subarray(box?.contentStart ?? 0, box?.end ?? 0);
  const irefs = children.filter(({ type }) => type === 'iref');
  if (irefs.length > 1) throw damagedImage('it has several "iref" boxes');
  return {
    entries: [...itemEntries(file, onlyBox(children, 'iinf'))],
    primary: primaryItem(file, onlyBox(children, 'pitm')),
    locations: new Map([...itemLocations(contentOf(onlyBox(children, 'iloc')))].map((item) => [item.id, item])),
    references: irefs.flatMap((iref) => itemReferences(file, iref)),
    properties: propertiesIn(file, children),
    idat: contentOf(children.find(({ type }) => type === 'idat')),
  };
}

/** What a property of the item holds; undefined without one. */
export function propertyOf(
  file: Buffer,
  { properties }: Pick<AvifItems, 'properties'>,
  { id, type }: { readonly id: number; readonly type: string },
): Buffer | undefined {
  const box = properties.of(id).find((property) => property.type === type);
  return box && file.subarray(box.contentStart, box.end);
}
