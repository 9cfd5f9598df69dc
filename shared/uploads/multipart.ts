import type { SignedParts } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { InvalidPartsError, MultipartNotFoundError, RequestRefusedError } from '../errors.ts';
import { type AttachmentUpload, type Instant, instantAfter, type UploadRecord } from '../metadata/records.ts';
import type { NamedPart, UploadedPart } from '../storage/multipart-uploads.ts';
import { announceSentBytes } from './open-uploads.ts';
import { uploadFinished } from './upload-ticket.ts';

/** A part may take long on a slow line, and its URL is signed shortly before it is used. */
const PART_URL_MILLISECONDS = 3_600_000;

type MultipartUpload = AttachmentUpload & Required<Pick<AttachmentUpload, 'multipart'>>;

/**
 * A URL for each part, good for exactly its bytes.
 * @throws RequestRefusedError: not multipart, no longer pending, or a number that the plan does not have.
 */
export async function signParts(
  { storage, clock }: Pick<ApiDependencies, 'storage' | 'clock'>,
  { upload, partNumbers }: { readonly upload: UploadRecord; readonly partNumbers: readonly number[] },
): Promise<SignedParts> {
  const { key, multipart, contentLength: total, urlExpiresAt } = pendingMultipart(upload, clock());
  const { multipartId, partSize, partCount } = multipart;
  const tooHigh = partNumbers.find((partNumber) => partNumber > partCount);
  if (tooHigh !== undefined) {
    throw new RequestRefusedError('invalid_request', `the upload has no part ${tooHigh}`, {
      field: 'partNumbers',
      accepted: `1 to ${partCount}`,
    });
  }
  // No URL outlives the time in which bytes are accepted.
  const expiresAt = earliest(instantAfter(clock(), PART_URL_MILLISECONDS), urlExpiresAt);
  const parts = partNumbers.map(async (partNumber) => {
    const contentLength = Math.min(partSize, total - (partNumber - 1) * partSize);
    const part = { key, multipartId, partNumber, contentLength, expiresAt: new Date(expiresAt) };
    return { partNumber, ...(await storage.signPart(part)), contentLength, expiresAt };
  });
  return { parts: await Promise.all(parts) };
}

/**
 * The parts that have arrived.
 * @throws RequestRefusedError: not multipart, or no longer pending.
 */
export async function listParts(
  { storage, clock }: Pick<ApiDependencies, 'storage' | 'clock'>,
  upload: UploadRecord,
): Promise<readonly UploadedPart[]> {
  const { key, uploadId, multipart } = pendingMultipart(upload, clock());
  try {
    return await storage.listParts({ key, multipartId: multipart.multipartId });
  } catch (error) {
    // Joined already; its event follows.
    if (error instanceof MultipartNotFoundError) throw uploadFinished(uploadId, 'completed');
    throw error;
  }
}

/**
 * Joins the parts and has the file processed, also if the storage's event is lost. Repeatable, because its response may
 * be lost: an upload that was completed before, whatever became of it, is left as it is.
 * @throws RequestRefusedError: not multipart, parts that do not make up the file, or ended before without them.
 */
export async function completeUpload(
  dependencies: Pick<ApiDependencies, 'storage' | 'metadata' | 'queues' | 'clock' | 'log'>,
  { upload, parts }: { readonly upload: UploadRecord; readonly parts: readonly NamedPart[] },
): Promise<void> {
  const { storage, metadata } = dependencies;
  const { uploadId, key, multipart, contentLength } = asMultipart(upload);
  if (wasCompleted(upload)) return;
  try {
    await storage.completeMultipartUpload({ key, multipartId: multipart.multipartId, parts, contentLength });
  } catch (error) {
    // Another request completed it, and its event was so quick that the bytes are gone from there already.
    if (error instanceof MultipartNotFoundError && wasCompleted((await metadata.getUpload({ uploadId })) ?? upload))
      return;
    if (!(error instanceof InvalidPartsError)) throw error;
    throw new RequestRefusedError('invalid_parts', error.message, {
      field: 'parts',
      accepted: 'every part of the plan, once, with the ETag from the response to its PUT',
      extensions: error.partNumber === undefined ? {} : { partNumber: error.partNumber },
    });
  }
  await announceSentBytes(dependencies, upload);
}

/** @throws RequestRefusedError for an upload that ended without its bytes. */
function wasCompleted({ uploadId, status }: UploadRecord): boolean {
  if (status === 'aborted' || status === 'expired') throw uploadFinished(uploadId, status);
  return status !== 'pending';
}

/** @throws RequestRefusedError unless the upload is multipart and still accepts parts. */
function pendingMultipart(upload: UploadRecord, now: Date): MultipartUpload {
  const multipart = asMultipart(upload);
  if (multipart.status !== 'pending') throw uploadFinished(multipart.uploadId, multipart.status);
  if (multipart.urlExpiresAt <= now.toISOString()) throw uploadFinished(multipart.uploadId, 'expired');
  return multipart;
}

function asMultipart(upload: UploadRecord): MultipartUpload {
  if (upload.kind === 'attachment' && upload.multipart) return upload as MultipartUpload;
  throw new RequestRefusedError('invalid_request', 'the upload is not multipart', {
    field: 'uploadId',
    accepted: 'an upload whose ticket is a multipart plan',
  });
}

function earliest(one: Instant, other: Instant): Instant {
  return one < other ? one : other;
}
