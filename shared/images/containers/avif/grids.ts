import { ContentRejectedError } from '../../../errors.ts';
import { IMAGE_LIMITS } from '../../image-limits.ts';
import { damagedImage, tooManyPixels } from '../../image-rejections.ts';
import { itemData } from '../isobmff/item-locations.ts';
import { type AvifItems, propertyOf } from './items.ts';

/**
 * An image may be made of tiles (ISO/IEC 23008-12, 6.6.2.3). A decoder decodes a tile each time that it is named, so each
 * may be named once, and those of one image together have at most as many pixels as an image.
 * @throws ContentRejectedError image_too_complex, too_many_pixels, image_damaged
 */
export function checkGrids(file: Buffer, items: AvifItems): void {
  const used = new Set<number>();
  for (const { id, type } of items.entries) {
    if (type !== 'grid') continue;
    const tiles = tilesOf(items, id);
    for (const tile of tiles) {
      if (used.has(tile)) throw new ContentRejectedError('image_too_complex', 'a tile is used more than once');
      used.add(tile);
    }
    checkLayout(file, items, { id, tiles: tiles.length });
    checkPixels(tiles.map((tile) => pixelsOf(file, items, tile)));
  }
}

function tilesOf({ references, entries }: AvifItems, id: number): readonly number[] {
  const tiles = references.filter(({ type, from }) => type === 'dimg' && from === id).flatMap(({ to }) => to);
  if (tiles.length > IMAGE_LIMITS.avifTiles) {
    throw new ContentRejectedError('image_too_complex', `an image has more than ${IMAGE_LIMITS.avifTiles} tiles`);
  }
  const images = new Set(entries.filter(({ type }) => type === 'av01').map(({ id: image }) => image));
  if (!tiles.every((tile) => images.has(tile))) throw damagedImage('a tile is not an image');
  return tiles;
}

/** Version, flags, rows and columns less one, then width and height, of 2 bytes each or of 4. */
function checkLayout(file: Buffer, { locations, idat }: AvifItems, grid: { id: number; tiles: number }): void {
  const location = locations.get(grid.id);
  const data = location ? itemData(location, { file, idat }) : Buffer.alloc(0);
  const sizeBytes = ((data[1] ?? 0) & 1) === 0 ? 2 : 4;
  if (data.length < 4 + 2 * sizeBytes) throw damagedImage('nothing says how its tiles are put together');
  const places = (data.readUInt8(2) + 1) * (data.readUInt8(3) + 1);
  if (places !== grid.tiles) throw damagedImage('it has more tiles or fewer than places for them');
  const [width, height] = [data.readUIntBE(4, sizeBytes), data.readUIntBE(4 + sizeBytes, sizeBytes)];
  if (width * height > IMAGE_LIMITS.avifPixels) throw tooManyPixels(width, height, IMAGE_LIMITS.avifPixels);
}

function pixelsOf(file: Buffer, items: AvifItems, tile: number): number {
  const size = propertyOf(file, items, { id: tile, type: 'ispe' });
  if (size === undefined) throw damagedImage('a tile has no size');
  return size.readUInt32BE(4) * size.readUInt32BE(8);
}

function checkPixels(tiles: readonly number[]): void {
  const total = tiles.reduce((sum, pixels) => sum + pixels, 0);
  if (total <= IMAGE_LIMITS.avifPixels) return;
  throw new ContentRejectedError('too_many_pixels', `its tiles have more than ${IMAGE_LIMITS.avifPixels} pixels`);
}
