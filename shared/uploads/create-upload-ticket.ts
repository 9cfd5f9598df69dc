import type { Principal } from '../access/principal.ts';
import { avatarWriteAccess } from '../access/rules.ts';
import type { UploadTicket } from '../api/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { AVATAR_TYPES, type Crop } from '../images/formats.ts';
import type { NewAvatarUpload } from '../metadata/transitions/issue-upload.ts';
import { type AvatarRef, temporaryKey } from '../storage/object-keys.ts';
import { type RequestDigests, rememberedRequest } from './idempotency.ts';
import { issueUpload, requireAccess } from './issue-upload.ts';
import { deadlines, renew, type Ticketed, ticketOf } from './upload-ticket.ts';

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
  readonly idempotency?: RequestDigests | undefined;
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
  return (await ticketOf(dependencies, await createAvatarUpload(dependencies, input))) as UploadTicket;
}

/** The pending record alone, for bytes that the service writes itself. */
export async function createAvatarUpload(
  dependencies: ApiDependencies,
  { avatar, principal, wish, idempotency }: CreateAvatarUploadInput,
): Promise<Ticketed> {
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
  const issued = await issueUpload(dependencies, {
    upload,
    access: requireAccess(avatarWriteAccess(principal, avatar, settings.agentBinding)),
    now,
    ...(idempotency && { request: rememberedRequest(idempotency, now) }),
  });
  return issued.replayed ? renew(dependencies, issued.uploadId) : upload;
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
  refuseChecksumInForm({ checksumSha256, method });
}

/** S3 has no form field that makes it verify a SHA-256; promising one would be a lie. */
export function refuseChecksumInForm({ checksumSha256, method }: Pick<AvatarUploadWish, 'checksumSha256' | 'method'>) {
  if (checksumSha256 === undefined || method === 'PUT') return;
  throw new RequestRefusedError('checksum_not_supported', 'a POST form cannot carry checksumSha256', {
    field: 'checksumSha256',
    accepted: 'with method PUT only',
  });
}

function codeOfType(contentType: string): 'heic_unsupported' | 'svg_unsupported' | 'type_not_allowed' {
  if (/^image\/hei[cf](-sequence)?$/.test(contentType)) return 'heic_unsupported';
  return contentType === 'image/svg+xml' ? 'svg_unsupported' : 'type_not_allowed';
}
