import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';
import {
  type Box,
  boxes,
  clearHandlerName,
  emptyBox,
  HIDDEN,
  keepBoxes,
  keepChildren,
  keepStart,
  onlyBox,
  optionalBox,
} from './boxes.ts';
import { type ItemEntry, itemEntries, primaryItem } from './item-entries.ts';
import { type ItemLocation, itemData, itemLocations, writeItemData } from './item-locations.ts';
import { type ItemReference, itemReferences } from './item-references.ts';
import type { ByteRange } from './kept-bytes.ts';
import { keptItems } from './kept-items.ts';
import { keepImageProperties, type PropertyRule } from './properties.ts';
import { type ItemProperties, propertiesIn } from './property-associations.ts';

/** What differs between AVIF and HEIC. */
export interface ItemCodec {
  /** The types of items that are coded images. */
  readonly items: ReadonlySet<string>;
  /** The property that tells the decoder about a coded image. */
  readonly configuration: string;
  readonly properties: Readonly<Record<string, PropertyRule>>;
  /**
   * Overwrites the metadata in the bytes of a coded image.
   * @param configuration the content of its property of that name, if it has one
   * @throws ContentRejectedError image_damaged when the bytes are something else
   */
  readonly stripCoded: (data: Buffer, configuration: Buffer | undefined) => void;
}

/** The bytes that items claim, for `keepBytes`. */
export interface ItemBytes {
  readonly kept: readonly ByteRange[];
  readonly removed: readonly ByteRange[];
  readonly idat: Box | undefined;
}

const META_BOXES = new Set(['hdlr', 'pitm', 'iloc', 'iinf', 'iref', 'iprp', 'idat', 'grpl']);
const PROPERTY_BOXES = new Set(['ipco', 'ipma']);
/** Items that are put together by a reader: of tiles, one more time, with more light. With the most bytes that each takes. */
const DERIVED_ITEMS: Readonly<Record<string, number>> = {
  grid: 12, // ISO/IEC 23008-12, 6.6.2.3
  iden: 0,
  tmap: 142, // ISO 21496-1, for three colours
};
/** XMP is `mime`. */
const METADATA_ITEMS = new Set(['Exif', 'mime', 'uri ', HIDDEN]);
const REFERENCES = new Set(['dimg', 'auxl', 'thmb', 'cdsc', 'prem', HIDDEN]);
/** Other images of the same, and images for the two eyes. */
const GROUPS = new Set(['altr', 'ster']);

/**
 * Removes the metadata from a `meta` box in place: items that are not shown become hidden, all names and all unknown
 * boxes are zeroed, and so is metadata in coded images. What the media boxes hold besides is for the caller to remove.
 * @throws ContentRejectedError image_damaged, also for items and properties that this product does not know
 */
export function stripMeta(file: Buffer, meta: Box, codec: ItemCodec): ItemBytes {
  const children = keepBoxes(file, boxes(file, meta.contentStart + 4, meta.end), META_BOXES);
  for (const box of children) if (box.type === 'hdlr') clearHandlerName(file, box);
  const items = itemsOf(file, onlyBox(children, 'iinf'), codec);
  keepChildren(file, onlyBox(children, 'iprp'), PROPERTY_BOXES);
  const properties = propertiesIn(file, children);
  const iref = optionalBox(children, 'iref');
  const references = iref ? itemReferences(file, iref) : [];
  checkIds(items, references, properties);
  for (const { box, bytes } of properties.lists) keepStart(file, box, bytes);
  const primary = primaryItem(file, onlyBox(children, 'pitm'));
  const images = new Map([...items].filter(([, { type }]) => !METADATA_ITEMS.has(type)));
  if (!images.has(primary)) throw damagedImage('it shows no image');
  const kept = keptItems({ file, images, primary, references, properties });
  hideItems(file, items, kept);
  hideReferences(file, references, { images, kept });
  for (const box of children) if (box.type === 'grpl') stripGroups(file, box, items);
  keepImageProperties(file, properties.all, codec.properties);
  const idat = optionalBox(children, 'idat');
  const locations = locationsOf(file, onlyBox(children, 'iloc'));
  const stripCoded = (id: number, data: Buffer) =>
    codec.stripCoded(data, configurationOf(file, properties.of(id), codec));
  stripItems(locations, { from: { file, idat: contentOf(file, idat) }, items, kept, codec, stripCoded });
  return { ...rangesOf(locations, kept, idat), idat };
}

function itemsOf(file: Buffer, iinf: Box, codec: ItemCodec): Map<number, ItemEntry> {
  const items = new Map<number, ItemEntry>();
  for (const item of itemEntries(file, iinf)) {
    const isKnown = codec.items.has(item.type) || item.type in DERIVED_ITEMS || METADATA_ITEMS.has(item.type);
    if (!isKnown) throw damagedImage(`items of type "${item.type}" are unknown`);
    if (items.has(item.id)) throw listedTwice();
    items.set(item.id, item);
  }
  return items;
}

/** Else text could be written as ids. */
function checkIds(
  items: ReadonlyMap<number, unknown>,
  references: readonly ItemReference[],
  { ids }: ItemProperties,
): void {
  const isMissing = (id: number) => !items.has(id);
  const isReferenceMissing = references.some(({ from, to }) => isMissing(from) || to.some(isMissing));
  if (isReferenceMissing || ids.some(isMissing)) throw damagedImage('it refers to an item that is not there');
}

/** Takes the names from all items. */
function hideItems(file: Buffer, items: ReadonlyMap<number, ItemEntry>, kept: ReadonlySet<number>): void {
  for (const { id, typeAt, end } of items.values()) {
    if (!kept.has(id)) file.write(HIDDEN, typeAt, 'latin1');
    file.fill(0, typeAt + 4, end);
  }
}

/** Readers may expect a removed thumbnail to be an image. References of metadata stay: readers skip what describes. */
function hideReferences(
  file: Buffer,
  references: readonly ItemReference[],
  { images, kept }: { readonly images: ReadonlyMap<number, unknown>; readonly kept: ReadonlySet<number> },
): void {
  for (const { type, typeAt, from } of references) {
    const isOfRemovedImage = images.has(from) && !kept.has(from);
    if (isOfRemovedImage || !REFERENCES.has(type)) file.write(HIDDEN, typeAt, 'latin1');
  }
}

/**
 * A group has version and flags, a number, and a count of ids of 4 bytes (ISO/IEC 14496-12, 8.18.3). One that names
 * anything but items is emptied: else text could be written as ids, and readers can do without a group.
 */
function stripGroups(file: Buffer, grpl: Box, items: ReadonlyMap<number, unknown>): void {
  for (const box of keepChildren(file, grpl, GROUPS)) {
    const { contentStart, end } = box;
    const idsStart = contentStart + 12;
    if (idsStart > end) throw damagedImage('a group of images has no count');
    const count = file.readUInt32BE(contentStart + 8);
    keepStart(file, box, 12 + count * 4);
    const ids = Array.from({ length: Math.min(count, items.size) }, (_, index) =>
      file.readUInt32BE(idsStart + index * 4),
    );
    const namesItemsOnly = count <= items.size && ids.every((id) => items.has(id));
    if (!namesItemsOnly) emptyBox(file, box);
  }
}

function locationsOf(file: Buffer, iloc: Box): Map<number, ItemLocation> {
  const locations = new Map<number, ItemLocation>();
  let places = 0;
  for (const item of itemLocations(file.subarray(iloc.contentStart, iloc.end))) {
    if (item.source === 'elsewhere') throw damagedImage('an item is not in the file');
    if (locations.has(item.id)) throw listedTwice();
    locations.set(item.id, item);
    places += 1 + item.extents.length;
    if (places > IMAGE_LIMITS.avifBoxes) throw damagedImage('its items are in too many places');
  }
  return locations;
}

/** Of two, a decoder may take the other one. */
function configurationOf(file: Buffer, properties: readonly Box[], codec: ItemCodec): Buffer | undefined {
  const box = optionalBox(properties, codec.configuration);
  return box && contentOf(file, box);
}

interface KeptItems {
  readonly from: { readonly file: Buffer; readonly idat: Buffer };
  readonly items: ReadonlyMap<number, ItemEntry>;
  readonly kept: ReadonlySet<number>;
  readonly codec: ItemCodec;
  readonly stripCoded: (id: number, data: Buffer) => void;
}

/** Checks that each kept item is what it says. Else a wrong length could make text a part of an image. */
function stripItems(
  locations: ReadonlyMap<number, ItemLocation>,
  { from, items, kept, codec, stripCoded }: KeptItems,
): void {
  let total = 0;
  for (const id of kept) {
    const type = items.get(id)?.type ?? '';
    const location = locations.get(id);
    if (location === undefined && type !== 'iden') throw damagedImage('its image is not all there');
    const data = location ? itemData(location, from) : Buffer.alloc(0);
    total += data.length;
    if (total > from.file.length) throw damagedImage('its images share bytes');
    if (!codec.items.has(type)) {
      if (data.length > (DERIVED_ITEMS[type] ?? 0)) throw damagedImage(`an item of type "${type}" is something else`);
      continue;
    }
    stripCoded(id, data);
    if (location) writeItemData(location, from, data);
  }
}

function rangesOf(
  locations: ReadonlyMap<number, ItemLocation>,
  kept: ReadonlySet<number>,
  idat: Box | undefined,
): { readonly kept: ByteRange[]; readonly removed: ByteRange[] } {
  const ranges = { kept: [] as ByteRange[], removed: [] as ByteRange[] };
  for (const { id, source, extents } of locations.values()) {
    const from = source === 'file' ? 0 : (idat?.contentStart ?? 0);
    const list = kept.has(id) ? ranges.kept : ranges.removed;
    for (const { offset, length } of extents) list.push({ start: from + offset, end: from + offset + length });
  }
  return ranges;
}

function contentOf(file: Buffer, box: Box | undefined): Buffer {
  return file.subarray(box?.contentStart ?? 0, box?.end ?? 0);
}

function listedTwice() {
  return damagedImage('an item is listed twice');
}
