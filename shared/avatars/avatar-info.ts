import type { Principal } from '../access/principal.ts';
import { mayReadAvatar, mayUseUpload } from '../access/rules.ts';
import type { AvatarInfo } from '../api/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import type { AvatarImage, AvatarRecord } from '../metadata/records.ts';
import { type AvatarRef, thumbnailKey } from '../storage/object-keys.ts';

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

/** The addresses of an avatar as its record says, without asking who looks. */
export async function describeAvatar(
  dependencies: ApiDependencies,
  avatar: AvatarRef,
  record: AvatarRecord | undefined,
): Promise<AvatarInfo> {
  const { entityType, entityId } = avatar;
  const image = record?.image;
  const sizes = image && (await describeSizes(dependencies, avatar, image));
  const avatarUrl = sizes?.medium.url ?? imageAddress(dependencies, avatar, { size: 'medium' });
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

async function describeSizes(
  dependencies: ApiDependencies,
  avatar: AvatarRef,
  image: AvatarImage,
): Promise<NonNullable<AvatarInfo['sizes']>> {
  const entries = Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][];
  const described = entries.map(async ([size, pixels]) => {
    const url = await thumbnailAddress(dependencies, avatar, { size, version: image.readyUploadId });
    const contentType = THUMBNAIL_FORMATS.webp;
    return [size, { url, width: pixels, height: pixels, bytes: image.sizes[size].webp, contentType }] as const;
  });
  return Object.fromEntries(await Promise.all(described)) as NonNullable<AvatarInfo['sizes']>;
}

/** The CDN's address of the WebP; without a CDN, the public image address, which answers 404 for a deleted picture. */
async function thumbnailAddress(
  dependencies: ApiDependencies,
  avatar: AvatarRef,
  { size, version }: { readonly size: ThumbnailSize; readonly version: string },
): Promise<string> {
  const key = thumbnailKey(avatar, size, 'webp');
  const published = await dependencies.storage.getFileUrl({ key, access: 'public', version });
  return published ?? imageAddress(dependencies, avatar, { size, format: 'webp', v: version, fallback: '404' });
}

function imageAddress(
  { settings }: ApiDependencies,
  { entityType, entityId }: AvatarRef,
  query: { size: ThumbnailSize; format?: ThumbnailFormat; v?: string; fallback?: string },
): string {
  return `${settings.apiUrl}/${entityType}/${encodeURIComponent(entityId)}/avatar?${new URLSearchParams(query)}`;
}

/**
 * The newest upload's state for who may follow it, unless it is the published one or already forgotten. Others must not
 * learn its id: it will be the `v` of addresses, and who knows them early can fill a CDN's cache with the old picture.
 */
async function newestUpload(
  { metadata }: ApiDependencies,
  record: AvatarRecord,
  principal: Principal,
): Promise<AvatarInfo['upload']> {
  const uploadId = record.latestUploadId;
  if (uploadId === undefined || uploadId === record.image?.readyUploadId) return undefined;
  const upload = await metadata.getUpload({ uploadId });
  if (!upload || !mayUseUpload('upload.read', principal, upload)) return undefined;
  return { uploadId, status: upload.status, ...(upload.code && { code: upload.code }) };
}
