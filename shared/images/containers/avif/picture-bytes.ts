import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage } from '../../image-rejections.ts';
import type { Box } from '../isobmff/boxes.ts';
import { type ItemLocation, itemData, itemLocations } from '../isobmff/item-locations.ts';
import { areAv1Units } from './av1-units.ts';

/** Bytes `[start, end)` of the file that belong to an item. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly isPicture: boolean;
}

interface ItemBytes {
  readonly iloc: Box;
  /** Items whose bytes stay: id -> type. */
  readonly pictures: ReadonlyMap<number, string>;
  /** The boxes `mdat`, in order. */
  readonly media: readonly Box[];
  /** The box `idat`. */
  readonly idat: Box | undefined;
}

/**
 * Zeros what stands in `mdat` and `idat` and belongs to no picture, whether some item claims it or none does.
 * @throws ContentRejectedError image_damaged when a picture is not all there, is none, or shares bytes with something else
 */
export function keepPictureBytes(file: Buffer, { iloc, pictures, media, idat }: ItemBytes): void {
  const items = itemsOf(file, iloc);
  checkPictures(file, items, pictures, idat);
  const places = placesOf(items, pictures, idat);
  checkApart(places);
  const regions = [...media, ...(idat ? [idat] : [])].sort((a, b) => a.contentStart - b.contentStart);
  const kept = places.filter(({ isPicture }) => isPicture);
  let next = 0;
  for (const { contentStart, end } of regions) {
    let at = contentStart;
    for (let place = kept[next]; place !== undefined && place.start < end; place = kept[next]) {
      next += 1;
      if (place.start < contentStart || place.end > end) throw notThere();
      if (place.start > at) file.fill(0, at, place.start);
      at = Math.max(at, place.end);
    }
    file.fill(0, at, end);
  }
  if (next < kept.length) throw notThere();
}

function itemsOf(file: Buffer, iloc: Box): ItemLocation[] {
  const items: ItemLocation[] = [];
  const ids = new Set<number>();
  let places = 0;
  for (const item of itemLocations(file.subarray(iloc.contentStart, iloc.end))) {
    if (item.source === 'elsewhere') throw notThere();
    if (ids.has(item.id)) throw damagedImage('an item is listed twice');
    items.push(item);
    ids.add(item.id);
    places += 1 + item.extents.length;
    if (places > IMAGE_LIMITS.avifBoxes) throw damagedImage('its items are in too many places');
  }
  return items;
}

/** Else a wrong length could make text a part of a picture. */
function checkPictures(
  file: Buffer,
  items: readonly ItemLocation[],
  pictures: ItemBytes['pictures'],
  idat: Box | undefined,
): void {
  const from = { file, idat: file.subarray(idat?.contentStart ?? 0, idat?.end ?? 0) };
  let total = 0;
  for (const item of items) {
    const type = pictures.get(item.id);
    if (type === undefined) continue;
    const data = itemData(item, from);
    total += data.length;
    if (total > file.length) throw damagedImage('its pictures share bytes');
    const isWhatItSays = type === 'av01' ? areAv1Units(data) : data.length <= (MOST_DERIVED_BYTES[type] ?? 0);
    if (!isWhatItSays) throw damagedImage(`an item of type "${type}" is something else`);
  }
}

/** How tiles are put together (ISO/IEC 23008-12, 6.6.2.3); how much light is added, to three colours (ISO 21496-1). */
const MOST_DERIVED_BYTES: Readonly<Record<string, number>> = { grid: 12, tmap: 142 };

/** All places of all items in the order of the file. */
function placesOf(items: readonly ItemLocation[], pictures: ItemBytes['pictures'], idat: Box | undefined): Place[] {
  const places = items.flatMap(({ id, source, extents }) => {
    const from = source === 'file' ? 0 : (idat?.contentStart ?? 0);
    const isPicture = pictures.has(id);
    return extents.map(({ offset, length }) => ({ start: from + offset, end: from + offset + length, isPicture }));
  });
  return places.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start);
}

/** @param places in order */
function checkApart(places: readonly Place[]): void {
  let pictureEnd = 0;
  let otherEnd = 0;
  for (const { start, end, isPicture } of places) {
    if (start < (isPicture ? otherEnd : pictureEnd)) throw damagedImage('a picture shares its bytes with metadata');
    if (isPicture) pictureEnd = Math.max(pictureEnd, end);
    else otherEnd = Math.max(otherEnd, end);
  }
}

function notThere() {
  return damagedImage('its picture is not all there');
}
