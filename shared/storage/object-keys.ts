import { InvalidKeyError } from '../errors.ts';
import type { ThumbnailFormat, ThumbnailSize } from '../images/formats.ts';

/**
 * The layout of the bucket, and of the folder in local mode. Every key of the product is made here:
 *
 *     avatars/{users|agents}/{id}/{uploadId}/original.{ext}                     private
 *     avatars/{users|agents}/{id}/{uploadId}/{small|medium|large}.{webp|jpg}    public
 *     attachments/{yyyy}/{mm}/{fileId}.{ext}                                    private
 *     previews/{yyyy}/{mm}/{fileId}.webp                                        private
 *     temp/uploads/{uploadId}                                                   the only place clients write
 *
 * The files of an adopted tree are read where they are: `avatars/{users|agents}/{id}/{file}`, without a folder.
 */

declare const storageKey: unique symbol;
/** An object key that passed `storageKeyOf`. Always without the configured key prefix. */
export type StorageKey = string & { readonly [storageKey]: true };

export const ENTITY_TYPES = ['users', 'agents'] as const;
export type EntityType = (typeof ENTITY_TYPES)[number];

/** Whose avatar: a user's or an agent's. */
export interface AvatarRef {
  readonly entityType: EntityType;
  readonly entityId: string;
}

/**
 * Ids of users, agents and organizations: safe as one path segment on every file system, so no `..` and no dot at the
 * end (Windows drops it).
 */
export const ID_PATTERN = /^(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9._@|+=-]{0,126}[A-Za-z0-9_@|+=-])?$/;

/** ID_PATTERN in words. */
export const ID_ACCEPTS =
  'letters, digits and ._@|+=-, at most 128, the first a letter or digit, without ".." and without a dot at the end';

export function isSafeId(id: string): boolean {
  return ID_PATTERN.test(id);
}

/** S3's limit for a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * Accepts a string as an object key.
 * @throws InvalidKeyError for an empty segment, `.` or `..`, a backslash, a control character or more than 1,024 bytes.
 */
export function storageKeyOf(raw: string): StorageKey {
  if (Buffer.byteLength(raw) > MAX_KEY_BYTES) throw new InvalidKeyError(raw, `longer than ${MAX_KEY_BYTES} bytes`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(raw)) throw new InvalidKeyError(raw, 'control characters or a backslash');
  for (const segment of raw.split('/')) {
    if (segment === '') throw new InvalidKeyError(raw, 'an empty segment');
    if (segment === '.' || segment === '..') throw new InvalidKeyError(raw, 'a relative segment');
  }
  return raw as StorageKey;
}

/** The prefix of everything that belongs to one avatar, with its final slash: `avatars/users/ada/`. */
export function avatarPrefix({ entityType, entityId }: AvatarRef): string {
  if (!isSafeId(entityId)) throw new InvalidKeyError(entityId, 'an id this product does not accept');
  return `avatars/${entityType}/${entityId}/`;
}

/** The prefix of one version of an avatar, with its final slash. `folder`: the upload that wrote it. */
export function versionPrefix(avatar: AvatarRef, folder: string): string {
  return folder === '' ? avatarPrefix(avatar) : `${avatarPrefix(avatar)}${folder}/`;
}

/** One file of a version: `original.png`, `small.webp`. */
export function avatarFileKey(avatar: AvatarRef, folder: string, file: string): StorageKey {
  return storageKeyOf(`${versionPrefix(avatar, folder)}${file}`);
}

/** The uploaded image as it came; never reachable through the CDN. */
export function originalKey(avatar: AvatarRef, folder: string, extension: string): StorageKey {
  return avatarFileKey(avatar, folder, `original.${extension}`);
}

export function thumbnailKey(
  avatar: AvatarRef,
  folder: string,
  size: ThumbnailSize,
  format: ThumbnailFormat,
): StorageKey {
  return avatarFileKey(avatar, folder, `${size}.${format}`);
}

/** The folder of a key below the avatar's prefix; undefined for a file directly below it. */
export function folderOfKey(avatar: AvatarRef, key: string): string | undefined {
  const [folder, ...rest] = key.slice(avatarPrefix(avatar).length).split('/');
  return rest.length > 0 ? folder : undefined;
}

export const ATTACHMENT_PREFIX = 'attachments/';
export const PREVIEW_PREFIX = 'previews/';

/** Of which attachment. Its objects are stored below the month of `createdAt` (ISO 8601), in UTC. */
export interface AttachmentRef {
  readonly createdAt: string;
  readonly fileId: string;
}

/** The attachment as it is served. */
export function attachmentKey({
  extension,
  ...attachment
}: AttachmentRef & { readonly extension: string }): StorageKey {
  return storageKeyOf(`${ATTACHMENT_PREFIX}${monthAndId(attachment)}.${extension}`);
}

/** The small picture of an attached image. */
export function previewKey(attachment: AttachmentRef): StorageKey {
  return storageKeyOf(`${PREVIEW_PREFIX}${monthAndId(attachment)}.webp`);
}

/** What every key of the attachment starts with, whatever its extension. */
export function attachmentStart(attachment: AttachmentRef): string {
  return `${ATTACHMENT_PREFIX}${monthAndId(attachment)}.`;
}

function monthAndId({ createdAt, fileId }: AttachmentRef): string {
  const [year, month] = new Date(createdAt).toISOString().split('-');
  return `${year}/${month}/${fileId}`;
}

export const TEMPORARY_PREFIX = 'temp/uploads/';

/** Every prefix that objects are stored under. */
export const LAYOUT_PREFIXES = ['avatars/', ATTACHMENT_PREFIX, PREVIEW_PREFIX, TEMPORARY_PREFIX] as const;

/** Where the client of an upload writes its bytes. */
export function temporaryKey(uploadId: string): StorageKey {
  return storageKeyOf(`${TEMPORARY_PREFIX}${uploadId}`);
}

/** The upload whose bytes are stored at `key`; undefined for any key a client cannot write. */
export function uploadIdOfKey(key: string): string | undefined {
  return /^temp\/uploads\/([A-Za-z0-9-]{1,64})$/.exec(key)?.[1];
}

/** A key, or the start of one, as it is written in the path of a URL. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodeUrlPart).join('/');
}

/** As Signature Version 4 wants it: everything but RFC 3986's unreserved characters. */
export function encodeUrlPart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
