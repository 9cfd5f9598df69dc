import type { Principal } from '../access/principal.ts';
import { avatarWriteAccess } from '../access/rules.ts';
import type { UploadTicket } from '../api/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { AVATAR_TYPES, type Crop } from '../images/formats.ts';
import type { IdempotentRequest, NewAvatarUpload } from '../metadata/metadata-store.ts';
import { type AvatarRef, temporaryKey } from '../storage/object-keys.ts';
import { issueUpload } from './issue-upload.ts';

/** Seconds that a ticket's URL works; short, because it is signed again on request. */
const TICKET_SECONDS = 300;
/** Bytes may still be on their way this long after the URL expired: S3 looks at the expiry when a request begins. */
const ARRIVAL_GRACE_SECONDS = 3600;
/** How long an Idempotency-Key is remembered. */
const IDEMPOTENCY_SECONDS = 24 * 3600;

export interface AvatarUploadWish {
  readonly contentType: string;
  /** Bytes, exact. */
  readonly contentLength: number;
  readonly checksumSha256?: string | undefined;
  readonly method: 'PUT' | 'POST';
  readonly crop?: Crop | undefined;
}

export interface CreateAvatarUploadInput {
  readonly avatar: AvatarRef;
  readonly principal: Principal;
  readonly wish: AvatarUploadWish;
  readonly idempotency?: Pick<IdempotentRequest, 'keyDigest' | 'requestDigest'> | undefined;
}

/**
 * Reserves quota for one picture and grants its upload. With an idempotency key that was used for the same request, the
 * same upload signed again.
 * @throws RequestRefusedError; nothing is reserved then.
 */
export async function createAvatarUploadTicket(
  dependencies: ApiDependencies,
  input: CreateAvatarUploadInput,
): Promise<UploadTicket> {
  return ticketOf(dependencies, await createAvatarUpload(dependencies, input));
}

/** The pending record alone, for bytes that the service writes itself. */
export async function createAvatarUpload(
  dependencies: ApiDependencies,
  { avatar, principal, wish, idempotency }: CreateAvatarUploadInput,
): Promise<NewAvatarUpload> {
  const { settings, clock, newId } = dependencies;
  refuseUnacceptable(wish, settings.avatarMaxBytes);
  const now = clock();
  const uploadId = newId();
  const upload: NewAvatarUpload = {
    kind: 'avatar',
    uploadId,
    ownerId: principal.sub,
    avatar,
    key: temporaryKey(uploadId),
    method: wish.method,
    contentType: wish.contentType,
    contentLength: wish.contentLength,
    ...(wish.checksumSha256 !== undefined && { checksumSha256: wish.checksumSha256 }),
    ...(wish.crop && { crop: wish.crop }),
    createdAt: now.toISOString(),
    ...deadlines(now),
  };
  const expiresAt = secondsAfter(now, IDEMPOTENCY_SECONDS);
  const issued = await issueUpload(dependencies, {
    upload,
    access: avatarWriteAccess(principal, avatar, settings.agentBinding),
    now,
    ...(idempotency && { request: { ...idempotency, expiresAt } }),
  });
  return issued.replayed ? renew(dependencies, issued.uploadId) : upload;
}

/**
 * The grant of a pending upload signed again, with a new expiry.
 * @throws RequestRefusedError `upload_finished` once it is processed, over, or older than a day.
 */
export async function renewUploadTicket(dependencies: ApiDependencies, uploadId: string): Promise<UploadTicket> {
  return ticketOf(dependencies, await renew(dependencies, uploadId));
}

async function renew({ metadata, clock }: ApiDependencies, uploadId: string): Promise<NewAvatarUpload> {
  const now = clock();
  const renewal = await metadata.renewTicket({ uploadId, now, ...deadlines(now) });
  if (renewal.outcome === 'renewed') return renewal.upload;
  const status = renewal.outcome === 'finished' ? renewal.status : 'unknown';
  throw new RequestRefusedError('upload_finished', `the upload takes no more bytes: it is ${status}`, {
    extensions: { uploadId, uploadStatus: status },
  });
}

async function ticketOf({ storage }: ApiDependencies, upload: NewAvatarUpload): Promise<UploadTicket> {
  const { uploadId, key, method, contentType, contentLength, checksumSha256, urlExpiresAt } = upload;
  const { url, ...how } = await storage.createUploadTicket({
    key,
    method,
    contentType,
    contentLength,
    ...(checksumSha256 !== undefined && { checksumSha256 }),
    expiresAt: new Date(urlExpiresAt),
  });
  const send = how.method === 'PUT' ? { headers: { ...how.headers } } : { fields: { ...how.fields } };
  return { uploadId, key, method, url, ...send, contentLength, expiresAt: urlExpiresAt };
}

function refuseUnacceptable(
  { contentType, contentLength, checksumSha256, method }: AvatarUploadWish,
  maxBytes: number,
) {
  const accepted = Object.keys(AVATAR_TYPES).join(', ');
  if (!Object.hasOwn(AVATAR_TYPES, contentType)) {
    throw new RequestRefusedError(codeOfType(contentType), `an avatar cannot be "${contentType}"`, {
      field: 'contentType',
      accepted,
    });
  }
  if (contentLength > maxBytes) {
    throw new RequestRefusedError('file_too_large', `${contentLength} bytes are too many for an avatar`, {
      field: 'contentLength',
      accepted: `1 to ${maxBytes} bytes`,
    });
  }
  if (checksumSha256 !== undefined && method === 'POST') {
    // S3 has no form field that makes it verify a SHA-256; promising one would be a lie.
    throw new RequestRefusedError('checksum_not_supported', 'a POST form cannot carry checksumSha256', {
      field: 'checksumSha256',
      accepted: 'with method PUT only',
    });
  }
}

function codeOfType(contentType: string): 'heic_unsupported' | 'svg_unsupported' | 'type_not_allowed' {
  if (/^image\/hei[cf](-sequence)?$/.test(contentType)) return 'heic_unsupported';
  return contentType === 'image/svg+xml' ? 'svg_unsupported' : 'type_not_allowed';
}

function deadlines(now: Date): { urlExpiresAt: string; acceptUntil: string } {
  return {
    urlExpiresAt: secondsAfter(now, TICKET_SECONDS),
    acceptUntil: secondsAfter(now, TICKET_SECONDS + ARRIVAL_GRACE_SECONDS),
  };
}

function secondsAfter(now: Date, seconds: number): string {
  return new Date(now.getTime() + seconds * 1000).toISOString();
}
