import type { Principal } from '../access/principal.ts';
import { mayReadAvatar } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { THUMBNAIL_FORMATS, THUMBNAIL_SIZES, type ThumbnailFormat, type ThumbnailSize } from '../images/formats.ts';
import type { AvatarImage, AvatarRecord, UploadRecord } from '../metadata/records.ts';
import { type AvatarRef, type EntityType, thumbnailKey } from '../storage/object-keys.ts';

export interface SizeInfo {
  readonly url: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly contentType: string;
}

/** What a client needs to show an avatar. The two names with underscores are those of the API before this one. */
export interface AvatarInfo {
  entityType: EntityType;
  entityId: string;
  hasCustomAvatar: boolean;
  avatarUrl: string;
  sizes?: Record<ThumbnailSize, SizeInfo>;
  thumbHash?: string;
  updatedAt?: string;
  upload?: Pick<UploadRecord, 'uploadId' | 'status'> & { code?: NonNullable<UploadRecord['code']> };
  avatar_url: string;
  has_custom_avatar: boolean;
}

/** Info of one avatar, with its newest upload. A foreign avatar reads exactly like one that does not exist. */
export async function getAvatarInfo(
  dependencies: ApiDependencies,
  { avatar, principal }: { readonly avatar: AvatarRef; readonly principal: Principal },
): Promise<AvatarInfo> {
  const record = await dependencies.metadata.getAvatar(avatar);
  if (!record || !mayReadAvatar(principal, record)) return describeAvatar(dependencies, avatar, undefined);
  const info = await describeAvatar(dependencies, avatar, record);
  const upload = await newestUpload(dependencies, record);
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
): Promise<Record<ThumbnailSize, SizeInfo>> {
  const entries = Object.entries(THUMBNAIL_SIZES) as [ThumbnailSize, number][];
  const described = entries.map(async ([size, pixels]) => {
    const url = await thumbnailAddress(dependencies, avatar, { size, version: image.readyUploadId });
    const contentType = THUMBNAIL_FORMATS.webp;
    return [size, { url, width: pixels, height: pixels, bytes: image.sizes[size].webp, contentType }] as const;
  });
  return Object.fromEntries(await Promise.all(described)) as Record<ThumbnailSize, SizeInfo>;
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

/** The newest upload's state, unless it is the published one or already forgotten. */
async function newestUpload({ metadata }: ApiDependencies, record: AvatarRecord): Promise<AvatarInfo['upload']> {
  const uploadId = record.latestUploadId;
  if (uploadId === undefined || uploadId === record.image?.readyUploadId) return undefined;
  const upload = await metadata.getUpload({ uploadId });
  if (!upload) return undefined;
  return { uploadId, status: upload.status, ...(upload.code && { code: upload.code }) };
}
