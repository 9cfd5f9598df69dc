import type { PublicApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { type PlaceholderStyle, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import { placeholderSvg } from '../images/placeholder.ts';
import { linkWindow } from '../storage/link-window.ts';
import { type AvatarRef, thumbnailKey } from '../storage/object-keys.ts';
import { chooseThumbnail } from './choose-thumbnail.ts';

export interface AvatarImageOptions {
  readonly size: ThumbnailSize;
  readonly format: ThumbnailFormat;
  readonly fallback: PlaceholderStyle | '404';
  readonly name?: string | undefined;
}

export type AvatarImageResult =
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'placeholder'; readonly svg: string };

/**
 * The URL of an avatar's image, or a placeholder drawn from its id. The only operation that does not check whose avatar
 * it is: `<img>` sends no token, and thumbnails are public.
 * @throws RequestRefusedError `not_found` without an image, if that was asked for instead of a placeholder.
 */
export async function getAvatarImage(
  { storage, metadata, clock }: PublicApiDependencies,
  avatar: AvatarRef,
  { size, format, fallback, name }: AvatarImageOptions,
): Promise<AvatarImageResult> {
  const record = await metadata.getAvatar(avatar);
  const chosen = record?.image && chooseThumbnail(record.image, { size, format });
  if (record?.image && chosen) {
    const key = thumbnailKey(avatar, record.image.folder, chosen.size, chosen.format);
    const version = record.readyUploadId ?? '';
    const published = await storage.getFileUrl({ key, access: 'public', version });
    const location =
      published ?? (await storage.getFileUrl({ key, access: 'signed', version, ...linkWindow(clock()) }));
    return { kind: 'redirect', location };
  }
  if (fallback === '404') throw new RequestRefusedError('not_found', 'nothing here');
  const seed = `${avatar.entityType}/${avatar.entityId}`;
  const pixels = THUMBNAIL_SIZES[size];
  const text = name ?? avatar.entityId;
  return { kind: 'placeholder', svg: placeholderSvg({ style: fallback, seed, name: text, size: pixels }) };
}
