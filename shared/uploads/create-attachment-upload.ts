import type { Principal } from '../access/principal.ts';
import type { MultipartPlan } from '../api/attachment-schemas.ts';
import type { UploadTicket } from '../api/schemas.ts';
import { cleanDescription } from '../attachments/clean-description.ts';
import { cleanFilename } from '../attachments/clean-filename.ts';
import { isAcceptedType } from '../attachments/media-types.ts';
import type { ApiDependencies, AttachmentSettings } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { isVideo } from '../metadata/kept-metadata.ts';
import type { AttachmentDescription, AttachmentUpload } from '../metadata/records.ts';
import type { NewAttachmentUpload } from '../metadata/transitions/issue-upload.ts';
import type { MultipartRef } from '../storage/multipart-uploads.ts';
import { temporaryKey } from '../storage/object-keys.ts';
import { refuseChecksumInForm } from './create-upload-ticket.ts';
import { type RequestDigests, rememberedRequest } from './idempotency.ts';
import { issueUpload } from './issue-upload.ts';
import { deadlines, renew, ticketOf } from './upload-ticket.ts';

export interface AttachmentUploadWish extends Omit<AttachmentDescription, 'contextId' | 'metadata' | 'description'> {
  readonly contentType: string;
  /** Bytes, exact. */
  readonly contentLength: number;
  readonly contextId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly description?: string | undefined;
  readonly checksumSha256?: string | undefined;
  readonly method: 'PUT' | 'POST';
}

export interface CreateAttachmentUploadInput {
  readonly principal: Principal;
  readonly wish: AttachmentUploadWish;
  readonly idempotency?: RequestDigests | undefined;
}

/** Of each part but the last: 5 GiB are 320 of them, and one that breaks off costs little. */
const PART_BYTES = 16 * 1024 ** 2;

/**
 * Reserves quota for one file and grants its upload: a ticket, or above the threshold the plan of its parts. With an
 * idempotency key that was used for the same request, the same upload again.
 * @throws RequestRefusedError; nothing is reserved then, and no upload in parts goes on.
 */
export async function createAttachmentUpload(
  dependencies: ApiDependencies,
  { principal, wish, idempotency }: CreateAttachmentUploadInput,
): Promise<UploadTicket | MultipartPlan> {
  const { settings, clock, newId } = dependencies;
  refuseUnacceptable(wish, settings.attachments);
  const now = clock();
  const uploadId = newId();
  const key = temporaryKey(uploadId);
  const { contentType, contentLength } = wish;
  const inParts = contentLength > settings.attachments.multipartThreshold;
  const multipart = inParts ? await planParts(dependencies, { key, contentType, contentLength }) : undefined;
  const upload: NewAttachmentUpload = {
    kind: 'attachment',
    uploadId,
    ownerId: principal.sub,
    key,
    ...describe(wish),
    contentType,
    contentLength,
    method: inParts ? 'multipart' : wish.method,
    ...(multipart && { multipart }),
    ...(wish.checksumSha256 !== undefined && { checksumSha256: wish.checksumSha256 }),
    createdAt: now.toISOString(),
    ...deadlines(now, inParts ? 'multipart' : wish.method),
  };
  const { organizationId } = principal;
  const request = idempotency && { request: rememberedRequest(idempotency, now) };
  const issued = await issueUpload(dependencies, { upload, organizationId, now, ...request }).catch(
    async (error: unknown) => {
      // After any other failure it may have been issued all the same, and a retry gets these parts.
      if (multipart && error instanceof RequestRefusedError) await giveUp(dependencies, { key, ...multipart });
      throw error;
    },
  );
  if (multipart && issued.replayed) await giveUp(dependencies, { key, ...multipart });
  return ticketOf(dependencies, issued.replayed ? await renew(dependencies, issued.uploadId) : upload);
}

async function planParts(
  { storage }: ApiDependencies,
  { contentLength, ...object }: Pick<AttachmentUpload, 'key' | 'contentType' | 'contentLength'>,
): Promise<NonNullable<AttachmentUpload['multipart']>> {
  const { multipartId } = await storage.createMultipartUpload(object);
  return { multipartId, partSize: PART_BYTES, partCount: Math.ceil(contentLength / PART_BYTES) };
}

/** No client knows these parts. If the abort fails, they are removed after two days. */
async function giveUp({ storage, log }: ApiDependencies, upload: MultipartRef): Promise<void> {
  await storage.abortMultipartUpload(upload).catch((error: unknown) => {
    log.warn('a multipart upload that nobody will use could not be aborted', { ...upload, error });
  });
}

function describe(wish: AttachmentUploadWish): AttachmentDescription {
  const { filename, visibility, contextId, draft, metadata, keepMetadata } = wish;
  const description = wish.description && cleanDescription(wish.description);
  return {
    filename: cleanFilename(filename),
    visibility,
    ...(contextId !== undefined && { contextId }),
    draft,
    ...(metadata && { metadata }),
    ...(description && { description }),
    keepMetadata,
  };
}

function refuseUnacceptable(wish: AttachmentUploadWish, settings: AttachmentSettings): void {
  const { contentType, contentLength, visibility, keepMetadata, checksumSha256, method } = wish;
  if (!isAcceptedType(contentType, settings.types)) {
    throw new RequestRefusedError('type_not_allowed', `an attachment cannot be "${contentType}"`, {
      field: 'contentType',
      accepted: settings.types.join(', '),
    });
  }
  if (contentLength > settings.maxBytes) {
    throw new RequestRefusedError('file_too_large', `${contentLength} bytes are too many for an attachment`, {
      field: 'contentLength',
      accepted: `1 to ${settings.maxBytes} bytes`,
    });
  }
  if (isVideo(contentType) && visibility === 'public') {
    throw new RequestRefusedError('metadata_not_strippable', 'a video keeps its metadata, so it cannot be public', {
      field: 'visibility',
      accepted: 'organization or private for a video',
    });
  }
  if (keepMetadata && visibility === 'public') {
    throw new RequestRefusedError('metadata_kept', 'what keeps its metadata cannot be public', {
      field: 'keepMetadata',
      accepted: 'with the visibility organization or private only',
    });
  }
  refuseChecksumInForm({ checksumSha256, method });
  if (checksumSha256 !== undefined && contentLength > settings.multipartThreshold) {
    // S3's SHA-256 of an object in parts is one of the parts' own (user guide, "Checking object integrity").
    throw new RequestRefusedError('checksum_not_supported', 'a file in parts cannot carry checksumSha256', {
      field: 'checksumSha256',
      accepted: `up to ${settings.multipartThreshold} bytes only`,
    });
  }
}
