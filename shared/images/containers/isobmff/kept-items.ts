import { isShownAuxiliary } from './auxiliary-types.ts';
import type { ItemEntry } from './item-entries.ts';
import type { ItemReference } from './item-references.ts';
import type { ItemProperties } from './property-associations.ts';

interface ImageItems {
  readonly file: Buffer;
  /** The items that are images. */
  readonly images: ReadonlyMap<number, ItemEntry>;
  readonly primary: number;
  readonly references: readonly ItemReference[];
  readonly properties: ItemProperties;
}

/**
 * The ids of the images that a viewer shows, and of what they are made of: tiles, alpha, gain maps. Not among them are
 * thumbnails, which may show what has since been cropped away; depth maps and masks; and hidden images that no shown image
 * needs.
 */
export function keptItems({ file, images, primary, references, properties }: ImageItems): Set<number> {
  const isShownPart = ({ from }: ItemReference) =>
    properties
      .of(from)
      .some(({ type, contentStart, end }) => type === 'auxC' && isShownAuxiliary(file.subarray(contentStart, end)));
  const needs = new Map<number, number[]>();
  const parts = new Set<number>();
  for (const reference of references) {
    const { type, from, to } = reference;
    if (type === 'dimg') {
      for (const id of to) {
        parts.add(id);
        addTo(needs, from, id);
      }
    }
    if (type === 'thmb' || type === 'auxl') parts.add(from);
    if (type === 'auxl' && isShownPart(reference)) for (const id of to) addTo(needs, id, from);
  }
  const shown = [...images.values()].filter(({ id, isHidden }) => !isHidden && !parts.has(id)).map(({ id }) => id);
  return closure([primary, ...shown], needs, images);
}

function addTo(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** `start` and all that these need, as far as they are images. */
function closure(
  start: readonly number[],
  needs: ReadonlyMap<number, readonly number[]>,
  images: ReadonlyMap<number, unknown>,
): Set<number> {
  const kept = new Set<number>();
  const waiting = [...start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (kept.has(id) || !images.has(id)) continue;
    kept.add(id);
    waiting.push(...(needs.get(id) ?? []));
  }
  return kept;
}
