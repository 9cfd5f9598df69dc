import type { RejectionCode } from '../errors.ts';
import type { Crop, ThumbnailFormat, ThumbnailSize } from '../images/formats.ts';
import type { AvatarRef, StorageKey } from '../storage/object-keys.ts';

/** A point in time: ISO-8601, UTC, milliseconds, as `Date.prototype.toISOString` writes it. Sorts as text. */
export type Instant = string;

/** The instant `milliseconds` after `now`. */
export function instantAfter(now: Date, milliseconds: number): Instant {
  return new Date(now.getTime() + milliseconds).toISOString();
}

/**
 * pending -> processing -> ready | rejected | superseded, or pending -> expired | aborted. The last five are terminal
 * and never change.
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
  /** Begun and not released: deaths of the worker count, failing dependencies do not. */
  readonly attempts: number;
  readonly leaseId?: string;
  readonly leaseUntil?: Instant;
  /** The version of the bytes seen first; any other is discarded. */
  readonly eTag?: string;
  readonly createdAt: Instant;
  readonly finishedAt?: Instant;
  /** When the sweep looks at it next; absent once terminal. */
  readonly workAt?: Instant;
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

/** The kept original, rendered again (another crop). Nothing is sent and nothing charged. */
export interface RenderUpload extends UploadBase, ForAvatar {
  readonly kind: 'render';
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

/** How an object arrives in parts: all of `partSize` bytes but the last, which has the rest. */
export interface MultipartPlan {
  /** The storage's name for it. */
  readonly multipartId: string;
  readonly partSize: number;
  readonly partCount: number;
}

/** The kept original of an avatar. `width` and `height` in pixels, upright. */
export interface OriginalImage {
  readonly key: StorageKey;
  readonly bytes: number;
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
}

/** Bytes of each published file. */
export type ThumbnailBytes = Readonly<Record<ThumbnailSize, Readonly<Record<ThumbnailFormat, number>>>>;

/** What is published of an avatar; all of it belongs to one upload. */
export interface AvatarImage {
  /** The upload that made it: the `v` of its addresses. */
  readonly readyUploadId: string;
  readonly original: OriginalImage;
  readonly sizes: ThumbnailBytes;
  readonly crop?: Crop;
  /** Base64. */
  readonly thumbHash: string;
  readonly updatedAt: Instant;
}

export interface AvatarRecord extends AvatarRef {
  readonly organizationId: string;
  /** Users: the user's id. Agents: absent, they belong to their organization. */
  readonly ownerId?: string;
  /** Last issued: +1 for each ticket, each render, each delete. */
  readonly generation: number;
  /** Absent before the first ticket (an agent that was only bound). */
  readonly latestUploadId?: string;
  /** The highest generation whose worker began to write. 0 = none. */
  readonly claimedGeneration: number;
  /** The generation that is published. 0 = none. */
  readonly readyGeneration: number;
  /** Everything of this generation or lower is deleted. 0 = never deleted. */
  readonly deletedGeneration: number;
  /** Bytes of the organization's quota that the published picture holds. */
  readonly chargedBytes: number;
  /** Present exactly while `readyGeneration` > 0. */
  readonly image?: AvatarImage;
  /** Which pass over the deleted objects is due. */
  readonly purge?: 'first' | 'second';
  readonly workAt?: Instant;
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
  /** Served with whatever metadata its image has; for ever, and never public. */
  readonly keepMetadata: boolean;
}

/** A published attachment, until its objects are removed. */
export interface AttachmentRecord extends AttachmentDescription {
  /** The id of its upload. */
  readonly fileId: string;
  /** `deleting`: deleted for everyone, its objects may still stand. */
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
  readonly openUploads: number;
  readonly state: 'active' | 'erasing';
}

/** The service-wide kill switch. */
export interface ServiceSwitches {
  readonly uploadsPaused: boolean;
  readonly reason?: string;
}
