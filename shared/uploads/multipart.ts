import type { SignedParts } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { InvalidPartsError, MultipartNotFoundError, RequestRefusedError } from '../errors.ts';
import { type AttachmentUpload, instantAfter, type UploadRecord } from '../metadata/records.ts';
import type { NamedPart, UploadedPart } from '../storage/multipart-uploads.ts';
import { uploadFinished } from './upload-ticket.ts';

/** A part may be on its way for long on a slow line, and its address is signed shortly before it is used. */
const PART_URL_MILLISECONDS = 3_600_000;

type PartedUpload = AttachmentUpload & Required<Pick<AttachmentUpload, 'multipart'>>;

/**
 * An address for each part, good for exactly its bytes.
 * @throws RequestRefusedError: not in parts, no longer pending, or a number that the plan does not have.
 */
export async function signParts(
  { storage, clock }: Pick<ApiDependencies, 'storage' | 'clock'>,
  { upload, partNumbers }: { readonly upload: UploadRecord; readonly partNumbers: readonly number[] },
): Promise<SignedParts> {
  const { key, multipart, contentLength: total } = pendingInParts(upload);
  const { multipartId, partSize, partCount } = multipart;
  const tooHigh = partNumbers.find((partNumber) => partNumber > partCount);
  if (tooHigh !== undefined) {
    throw new RequestRefusedError('invalid_request', `the upload has no part ${tooHigh}`, {
      field: 'partNumbers',
      accepted: `1 to ${partCount}`,
    });
  }
  const expiresAt = instantAfter(clock(), PART_URL_MILLISECONDS);
  const parts = partNumbers.map(async (partNumber) => {
    const contentLength = Math.min(partSize, total - (partNumber - 1) * partSize);
    const part = { key, multipartId, partNumber, contentLength, expiresAt: new Date(expiresAt) };
    return { partNumber, ...(await storage.signPart(part)), contentLength, expiresAt };
  });
  return { parts: await Promise.all(parts) };
}

/**
 * What has arrived.
 * @throws RequestRefusedError: not in parts, or no longer pending.
 */
export async function listParts(
  { storage }: Pick<ApiDependencies, 'storage'>,
  upload: UploadRecord,
): Promise<readonly UploadedPart[]> {
  const { key, uploadId, multipart } = pendingInParts(upload);
  try {
    return await storage.listParts({ key, multipartId: multipart.multipartId });
  } catch (error) {
    // Joined already: its event is on the way.
    if (error instanceof MultipartNotFoundError) throw uploadFinished(uploadId, 'completed');
    throw error;
  }
}

/**
 * Joins the parts; the event that storage emits then does the rest. Repeatable, because its answer may be lost: an upload
 * that was completed before, whatever its bytes came to, is left as it is.
 * @throws RequestRefusedError: not in parts, parts that do not make the file, or given up before.
 */
export async function completeUpload(
  { storage, metadata }: Pick<ApiDependencies, 'storage' | 'metadata'>,
  { upload, parts }: { readonly upload: UploadRecord; readonly parts: readonly NamedPart[] },
): Promise<void> {
  const { key, multipart, contentLength } = inParts(upload);
  if (wasCompleted(upload)) return;
  try {
    await storage.completeMultipartUpload({ key, multipartId: multipart.multipartId, parts, contentLength });
  } catch (error) {
    // Another request completed it, and its event was so quick that the bytes are gone from there already.
    if (error instanceof MultipartNotFoundError) {
      const { uploadId } = upload;
      if (wasCompleted((await metadata.getUpload({ uploadId })) ?? upload)) return;
    }
    if (!(error instanceof InvalidPartsError)) throw error;
    throw new RequestRefusedError('invalid_parts', error.message, {
      field: 'parts',
      accepted: 'every part of the plan, once, with the ETag that its PUT was answered with',
      extensions: error.partNumber === undefined ? {} : { partNumber: error.partNumber },
    });
  }
}

/** @throws RequestRefusedError for an upload that ended without its bytes. */
function wasCompleted({ uploadId, status }: UploadRecord): boolean {
  if (status === 'aborted' || status === 'expired') throw uploadFinished(uploadId, status);
  return status !== 'pending';
}

/** @throws RequestRefusedError unless the upload is in parts and still takes them. */
function pendingInParts(upload: UploadRecord): PartedUpload {
  const parted = inParts(upload);
  if (parted.status !== 'pending') throw uploadFinished(parted.uploadId, parted.status);
  return parted;
}

function inParts(upload: UploadRecord): PartedUpload {
  if (upload.kind === 'attachment' && upload.multipart) return upload as PartedUpload;
  throw new RequestRefusedError('invalid_request', 'the upload is not in parts', {
    field: 'uploadId',
    accepted: 'an upload whose ticket is a multipart plan',
  });
}
