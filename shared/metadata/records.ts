import type { RejectionCode } from '../errors.ts';
import type { AvatarContentType, Crop, ThumbnailFormat, ThumbnailSize } from '../images/formats.ts';
import type { AvatarRef, StorageKey } from '../storage/object-keys.ts';

/*
 * Invariants. Every transition keeps them; test/metadata/transitions holds them over random histories.
 *
 * Upload
 *  U1  `workAt` is present while the upload is open, and after its end exactly while `cleanUp` is; `failingSince` only
 *      with it.
 *  U2  `finishedAt` and `expiresAt` are present exactly when the status is terminal; `code` exactly when rejected.
 *  U3  `leaseId` and `leaseUntil` are present together; a pending upload has neither, nor an `eTag`.
 *  U4  `sentAt` is present once the bytes were seen: always for a render, and always once a worker had the upload.
 *  U5  0 <= attempts <= leases; `leases` is 0 while the upload is pending and never while it is processing or ready.
 *  U6  A terminal status, its `code` and its `finishedAt` never change.
 * Avatar
 *  A1  readyGeneration <= generation, deletedGeneration <= generation, all three never fall but readyGeneration to 0.
 *  A2  `image` and `readyUploadId` are present exactly while readyGeneration > 0, and then readyGeneration > deletedGeneration.
 *  A3  chargedBytes is 0 without an image.
 *  A4  No retired version has the folder of the image, unless both are the empty folder of an adopted tree.
 *  A5  `workAt` is present exactly while a version is retired; `failingSince` only with it.
 *  A6  At most KEPT_REPLACED replaced versions wait for the end of their grace period.
 * Attachment
 *  F1  `workAt` is present exactly while it is a draft or `deleting`, `failingSince` only with it. A video is
 *      never public, nor an image that keeps its metadata (kept-metadata.ts).
 * Organization and owner
 *  O1  limit - free = what ready images, ready attachments and open uploads hold.
 *  O2  openUploads = the organization's open uploads; pendingUploads + sentUploads = the owner's, split by `sentAt`.
 */

/** A point in time: ISO-8601, UTC, milliseconds, as `Date.prototype.toISOString` writes it. Sorts as text. */
export type Instant = string;

/** The instant `milliseconds` after `now`. */
export function instantAfter(now: Date, milliseconds: number): Instant {
  return new Date(now.getTime() + milliseconds).toISOString();
}

/**
 * pending -> processing -> ready | rejected | superseded | aborted, or pending -> expired | aborted | superseded |
 * rejected (given up before a worker had it). The last five are terminal and never change.
 */
export const UPLOAD_STATUSES = [
  'pending',
  'processing',
  'ready',
  'rejected',
  'superseded',
  'expired',
  'aborted',
] as const;
export type UploadStatus = (typeof UPLOAD_STATUSES)[number];

export function isTerminal(status: UploadStatus): boolean {
  return status !== 'pending' && status !== 'processing';
}

/** What every upload record holds, from its ticket to 35 days after its end. */
interface UploadBase {
  readonly uploadId: string;
  /** The organization that is charged: the avatar's, once the avatar is bound; an attachment's is its uploader's. */
  readonly organizationId: string;
  /** The `sub` of the caller who asked for the ticket. */
  readonly ownerId: string;
  readonly status: UploadStatus;
  /** Only with `rejected`. */
  readonly code?: RejectionCode;
  /** Leases that were taken and not released: deaths of the worker count, failing dependencies do not. */
  readonly attempts: number;
  /** All leases that were ever taken. After more than one, a paused worker may still write once its upload has ended. */
  readonly leases: number;
  readonly leaseId?: string;
  readonly leaseUntil?: Instant;
  /** The version of the bytes seen first; any other is discarded. */
  readonly eTag?: string;
  readonly createdAt: Instant;
  /** When the service first saw the bytes. A render has them from its start. */
  readonly sentAt?: Instant;
  /** The first failure of a dependency. A day later (configurable) the upload is rejected. */
  readonly failingSince?: Instant;
  readonly finishedAt?: Instant;
  /** After the end: which pass over what it left behind is due. */
  readonly cleanUp?: 'first' | 'second';
  /** When the sweep looks at it next. */
  readonly workAt?: Instant;
  /** When the record may be removed. */
  readonly expiresAt?: Instant;
}

/** What an upload holds whose bytes a client sends. */
interface SentUpload extends UploadBase {
  readonly key: StorageKey;
  readonly contentType: string;
  /** Bytes; also what is charged. */
  readonly contentLength: number;
  readonly checksumSha256?: string;
  readonly urlExpiresAt: Instant;
  /** Bytes are expected until then; later the upload expires. */
  readonly acceptUntil: Instant;
}

/** What an upload holds that is to become an avatar. */
interface ForAvatar {
  readonly avatar: AvatarRef;
  /** The fencing token: the avatar's counter when this upload was issued. The highest wins. */
  readonly generation: number;
  readonly crop?: Crop;
}

/** Bytes sent by a client, to become an avatar. */
export interface AvatarUpload extends SentUpload, ForAvatar {
  readonly kind: 'avatar';
  readonly method: 'PUT' | 'POST';
}

/** The stored original, rendered again (another crop). Nothing is sent and nothing charged. */
export interface RenderUpload extends UploadBase, ForAvatar {
  readonly kind: 'render';
  readonly source: RenderSource;
}

/** The published version that a render is made from, as it was when the render was issued. */
export interface RenderSource {
  readonly uploadId: string;
  /** Of its original. */
  readonly key: StorageKey;
  /** Of its original; absent for an adopted tree, whose objects are never written again. */
  readonly eTag?: string;
}

/** Bytes sent by a client, to become an attachment. Its id becomes the attachment's. */
export interface AttachmentUpload extends SentUpload, AttachmentDescription {
  readonly kind: 'attachment';
  readonly method: 'PUT' | 'POST' | 'multipart';
  /** Exactly with `multipart`. */
  readonly multipart?: MultipartPlan;
}

export type UploadForAvatar = AvatarUpload | RenderUpload;
export type UploadRecord = UploadForAvatar | AttachmentUpload;

/** Whether the upload is a ticket whose bytes were never seen. */
export function waitsForBytes(upload: UploadRecord): upload is AvatarUpload | AttachmentUpload {
  return upload.kind !== 'render' && upload.status === 'pending' && upload.sentAt === undefined;
}

/** How an object arrives by multipart upload: all parts have `partSize` bytes but the last, which has the rest. */
export interface MultipartPlan {
  /** The storage's name for it. */
  readonly multipartId: string;
  readonly partSize: number;
  readonly partCount: number;
}

/** The stored original of an avatar. `width` and `height` in pixels, upright. */
export interface OriginalImage {
  readonly contentType: AvatarContentType;
  readonly bytes: number;
  /** Absent for an adopted tree. */
  readonly eTag?: string;
  readonly width: number;
  readonly height: number;
}

/** Bytes of each thumbnail that is stored; sizes and formats that are not stored are left out. */
export type ThumbnailBytes = Readonly<
  Partial<Record<ThumbnailSize, Readonly<Partial<Record<ThumbnailFormat, number>>>>>
>;

/** What is published of an avatar; all of it was written by one upload. */
export interface AvatarImage {
  /**
   * The folder of its files below the avatar's prefix: the id of the upload that wrote them. Empty for an adopted tree,
   * whose files are stored directly below the prefix.
   */
  readonly folder: string;
  /** Absent where only thumbnails were adopted. */
  readonly original?: OriginalImage;
  readonly sizes: ThumbnailBytes;
  readonly crop?: Crop;
  /** Base64. */
  readonly thumbHash: string;
  readonly updatedAt: Instant;
}

/** A version of an avatar that is no longer shown, and the names of its files: they are removed by name. */
export interface RetiredVersion {
  readonly folder: string;
  /** The extension of its original; absent: none is stored. */
  readonly original?: string;
  /** File names of its thumbnails. @default - every size in every format */
  readonly thumbnails?: readonly string[];
  readonly removeAt: Instant;
  /** Of a deleted avatar: the second pass comes 15 minutes after the first. A replaced version has one pass only. */
  readonly pass?: 'first' | 'second';
}

export interface AvatarRecord extends AvatarRef {
  readonly organizationId: string;
  /** Last issued: +1 for each ticket, each render, each delete. */
  readonly generation: number;
  /** Absent before the first ticket (an agent that was only bound). */
  readonly latestUploadId?: string;
  /** The generation that is published. 0 = none. */
  readonly readyGeneration: number;
  /** The upload that is published: the `v` of its URLs. Changes with every change of `image`. */
  readonly readyUploadId?: string;
  /** Everything of this generation or lower is deleted. 0 = never deleted. */
  readonly deletedGeneration: number;
  /** Bytes of the organization's quota that the published image holds. */
  readonly chargedBytes: number;
  readonly image?: AvatarImage;
  /** Versions whose files are still stored. */
  readonly retired?: readonly RetiredVersion[];
  /** When the sweep looks at the retired versions next. */
  readonly workAt?: Instant;
  /** The first failure of the removal that is due. */
  readonly failingSince?: Instant;
  /** When the record may be removed: a user's deleted avatar. */
  readonly expiresAt?: Instant;
}

/** The user whose avatar it is; undefined for an agent's, which belongs to its organization. */
export function ownerOfAvatar({ entityType, entityId }: AvatarRef): string | undefined {
  return entityType === 'users' ? entityId : undefined;
}

/** `organization`: its members. `private`: the uploader, admins and services. */
export const VISIBILITIES = ['public', 'organization', 'private'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** What its uploader says of an attachment. */
export interface AttachmentDescription {
  readonly filename: string;
  readonly visibility: Visibility;
  /** What it belongs to in the client's world, a conversation for one. Opaque here. */
  readonly contextId?: string;
  /** Not sent yet: only its uploader sees it, no list has it, and it is deleted after a day. */
  readonly draft: boolean;
  /** The client's own words. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What it shows or says (alt text), never empty. */
  readonly description?: string;
  /** An image is served with whatever metadata it has; for ever, and never public. Means nothing for other files. */
  readonly keepMetadata: boolean;
}

/** A published attachment, until its objects are removed. */
export interface AttachmentRecord extends AttachmentDescription {
  /** The id of its upload. */
  readonly fileId: string;
  /** `deleting`: deleted for everyone; its objects may still be stored. */
  readonly status: 'ready' | 'deleting';
  readonly organizationId: string;
  /** The uploader. */
  readonly ownerId: string;
  readonly key: StorageKey;
  readonly eTag: string;
  /** As it is served: what the bytes are. */
  readonly contentType: string;
  /** As the client called it. */
  readonly declaredType: string;
  /** Bytes at `key`. */
  readonly size: number;
  /** Bytes of the organization's quota that it holds: what was sent. */
  readonly chargedBytes: number;
  /** Base64. Of the bytes at `key`. */
  readonly sha256?: string;
  readonly metadataStripped: boolean;
  /** Pixels, upright; of images that can be decoded, as are the next two. */
  readonly width?: number;
  readonly height?: number;
  /** Base64. */
  readonly thumbHash?: string;
  readonly preview?: AttachmentPreview;
  /** Of its upload: lists are in this order. */
  readonly createdAt: Instant;
  /** +1 with every change by a client. */
  readonly revision: number;
  /** When the sweep looks at it next: a draft at its end, a deleted one at once. */
  readonly workAt?: Instant;
  /** The first failure of the removal that is due. */
  readonly failingSince?: Instant;
}

/** The small picture of an image. `width` and `height` in pixels. */
export interface AttachmentPreview {
  readonly key: StorageKey;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
}

export type OrganizationState = 'active' | 'paused' | 'erasing';

/** Quota of an organization. `free = limit - held`; it may fall below 0 when a limit is lowered. */
export interface OrganizationRecord {
  readonly organizationId: string;
  readonly bytesLimit: number;
  readonly bytesFree: number;
  readonly filesLimit: number;
  readonly filesFree: number;
  readonly openUploads: number;
  /** +1 at every write. */
  readonly version: number;
  readonly state: OrganizationState;
}

export interface OwnerRecord {
  readonly organizationId: string;
  readonly ownerId: string;
  /** Open uploads whose bytes were never seen. */
  readonly pendingUploads: number;
  /** Open uploads whose bytes were seen, and renders. */
  readonly sentUploads: number;
  readonly state: 'active' | 'erasing';
}

/** The answer to an `Idempotency-Key`, as it is stored: digests, never the client's text. */
export interface RequestRecord {
  readonly keyDigest: string;
  /** Of everything in the request that must be equal for a replay. */
  readonly requestDigest: string;
  readonly uploadId: string;
  readonly expiresAt: Instant;
}

/** The service-wide kill switch. */
export interface ServiceSwitches {
  readonly uploadsPaused: boolean;
  readonly reason?: string;
}
