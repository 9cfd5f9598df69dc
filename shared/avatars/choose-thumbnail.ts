import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import type { AvatarImage } from '../metadata/records.ts';

/** A thumbnail that is stored. */
export interface StoredThumbnail {
  readonly size: ThumbnailSize;
  readonly format: ThumbnailFormat;
  readonly bytes: number;
}

/**
 * The stored thumbnail that serves a request best: in the format asked for the size asked for, the next larger one, or
 * the largest smaller one; only without any in that format, one of another format. Undefined: none is stored.
 */
export function chooseThumbnail(
  { sizes }: Pick<AvatarImage, 'sizes'>,
  { size, format }: { readonly size: ThumbnailSize; readonly format: ThumbnailFormat },
): StoredThumbnail | undefined {
  const formats = [
    format,
    ...(Object.keys(THUMBNAIL_FORMATS) as ThumbnailFormat[]).filter((other) => other !== format),
  ];
  return formats.map((each) => bestSize(sizes, size, each)).find((found) => found !== undefined);
}

function bestSize(
  sizes: AvatarImage['sizes'],
  asked: ThumbnailSize,
  format: ThumbnailFormat,
): StoredThumbnail | undefined {
  const ascending = (Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][]).sort(([, a], [, b]) => a - b);
  const stored = ascending.flatMap(([size, pixels]) => {
    const bytes = sizes[size]?.[format];
    return bytes === undefined ? [] : [{ size, format, bytes, pixels }];
  });
  const best = stored.find(({ pixels }) => pixels >= THUMBNAIL_SIZES[asked]) ?? stored.at(-1);
  return best && { size: best.size, format: best.format, bytes: best.bytes };
}
