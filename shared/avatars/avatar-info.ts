import type { Principal } from '../access/principal.ts';
import { mayReadAvatar, mayUseUpload } from '../access/rules.ts';
import type { AvatarInfo } from '../api/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import type { AvatarImage, AvatarRecord } from '../metadata/records.ts';
import { type AvatarRef, thumbnailKey } from '../storage/object-keys.ts';
import { chooseThumbnail, type StoredThumbnail } from './choose-thumbnail.ts';

/** Info of one avatar, with its newest upload. A foreign avatar reads exactly like one that does not exist. */
export async function getAvatarInfo(
  dependencies: ApiDependencies,
  { avatar, principal }: { readonly avatar: AvatarRef; readonly principal: Principal },
): Promise<AvatarInfo> {
  const record = await dependencies.metadata.getAvatar(avatar);
  if (!record || !mayReadAvatar(principal, record)) return describeAvatar(dependencies, avatar, undefined);
  const info = await describeAvatar(dependencies, avatar, record);
  const upload = await newestUpload(dependencies, record, principal);
  return upload ? { ...info, upload } : info;
}

/** Info of many avatars in the order asked, from one batch of reads, without their uploads. */
export async function getAvatarsInfo(
  dependencies: ApiDependencies,
  { avatars, principal }: { readonly avatars: readonly AvatarRef[]; readonly principal: Principal },
): Promise<AvatarInfo[]> {
  const distinct = new Map(avatars.map((avatar) => [`${avatar.entityType}/${avatar.entityId}`, avatar]));
  const records = await dependencies.metadata.getAvatars([...distinct.values()]);
  const byId = new Map([...distinct.keys()].map((id, index) => [id, records[index]]));
  return Promise.all(
    avatars.map((avatar) => {
      const record = byId.get(`${avatar.entityType}/${avatar.entityId}`);
      return describeAvatar(dependencies, avatar, record && mayReadAvatar(principal, record) ? record : undefined);
    }),
  );
}

/** The URLs of an avatar as its record says, without checking who asks. */
export async function describeAvatar(
  dependencies: ApiDependencies,
  avatar: AvatarRef,
  record: AvatarRecord | undefined,
): Promise<AvatarInfo> {
  const { entityType, entityId } = avatar;
  const image = record?.image;
  const sizes = record && image && (await describeSizes(dependencies, record, image));
  const avatarUrl = sizes?.medium.url ?? imageUrl(dependencies, avatar, { size: 'medium' });
  return {
    entityType,
    entityId,
    hasCustomAvatar: image !== undefined,
    avatarUrl,
    ...(image && sizes && { sizes, thumbHash: image.thumbHash, updatedAt: image.updatedAt }),
    avatar_url: avatarUrl,
    has_custom_avatar: image !== undefined,
  };
}

/** Every size; one that is not stored is described by the thumbnail that is served in its place. */
async function describeSizes(
  dependencies: ApiDependencies,
  record: AvatarRecord,
  image: AvatarImage,
): Promise<AvatarInfo['sizes']> {
  const described = (Object.keys(THUMBNAIL_SIZES) as ThumbnailSize[]).map(async (size) => {
    const stored = chooseThumbnail(image, { size, format: 'webp' });
    return stored && ([size, await describeThumbnail(dependencies, record, image, stored)] as const);
  });
  const entries = (await Promise.all(described)).filter((entry) => entry !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as NonNullable<AvatarInfo['sizes']>) : undefined;
}

async function describeThumbnail(
  dependencies: ApiDependencies,
  record: AvatarRecord,
  { folder }: AvatarImage,
  { size, format, bytes }: StoredThumbnail,
) {
  const version = record.readyUploadId ?? '';
  const key = thumbnailKey(record, folder, size, format);
  // Without a CDN it is the public image URL, which is 404 for a deleted avatar.
  const url =
    (await dependencies.storage.getFileUrl({ key, access: 'public', version })) ??
    imageUrl(dependencies, record, { size, format, v: version, fallback: '404' });
  const side = THUMBNAIL_SIZES[size];
  return { url, width: side, height: side, bytes, contentType: THUMBNAIL_FORMATS[format] };
}

function imageUrl(
  { settings }: ApiDependencies,
  { entityType, entityId }: AvatarRef,
  query: { size: ThumbnailSize; format?: ThumbnailFormat; v?: string; fallback?: string },
): string {
  return `${settings.apiUrl}/${entityType}/${encodeURIComponent(entityId)}/avatar?${new URLSearchParams(query)}`;
}

/**
 * The newest upload's state for those who may follow it, unless it is the published one or already forgotten. Others must
 * not learn its id: it will be the `v` of URLs, and a caller who knows them early can fill a CDN's cache with 404s.
 */
async function newestUpload(
  { metadata }: ApiDependencies,
  record: AvatarRecord,
  principal: Principal,
): Promise<AvatarInfo['upload']> {
  const uploadId = record.latestUploadId;
  if (uploadId === undefined || uploadId === record.readyUploadId) return undefined;
  const upload = await metadata.getUpload({ uploadId });
  if (!upload || !mayUseUpload('upload.read', principal, upload)) return undefined;
  return { uploadId, status: upload.status, ...(upload.code && { code: upload.code }) };
}
