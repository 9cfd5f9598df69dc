import type { MultipartPlan } from '../api/attachment-schemas.ts';
import type { UploadTicket } from '../api/schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { type AttachmentUpload, type AvatarUpload, type Instant, instantAfter } from '../metadata/records.ts';

/** A ticket's URL is short-lived, because it is signed again on request. */
const TICKET_MILLISECONDS = 300_000;
/** Bytes may still be on their way this long after the URL expired: S3 looks at the expiry when a request begins. */
const ARRIVAL_GRACE_MILLISECONDS = 3_600_000;
/** The parts of a large file may come for a day; then the same grace. */
const MULTIPART_MILLISECONDS = 24 * 3_600_000;

/** What is signed of an upload. */
export type Ticketed = Pick<
  AvatarUpload | AttachmentUpload,
  'uploadId' | 'key' | 'method' | 'contentType' | 'contentLength' | 'checksumSha256' | 'urlExpiresAt' | 'acceptUntil'
> &
  Pick<AttachmentUpload, 'multipart'>;

/** Until when bytes are taken that are granted now. */
export function deadlines(
  now: Date,
  method: Ticketed['method'] = 'PUT',
): { readonly urlExpiresAt: Instant; readonly acceptUntil: Instant } {
  const life = method === 'multipart' ? MULTIPART_MILLISECONDS : TICKET_MILLISECONDS;
  return { urlExpiresAt: instantAfter(now, life), acceptUntil: instantAfter(now, life + ARRIVAL_GRACE_MILLISECONDS) };
}

/** How a client sends the bytes: by one signed address, or in parts. */
export async function ticketOf(
  { storage }: Pick<ApiDependencies, 'storage'>,
  upload: Ticketed,
): Promise<UploadTicket | MultipartPlan> {
  const { uploadId, key, method, contentType, contentLength, checksumSha256, urlExpiresAt, multipart } = upload;
  if (method === 'multipart') {
    const { partSize = contentLength, partCount = 1 } = multipart ?? {};
    return { uploadId, key, multipart: { partSize, partCount }, contentLength, expiresAt: urlExpiresAt };
  }
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

/**
 * A pending upload signed again, with a new expiry; a multipart plan as it was, because its parts are signed on demand.
 * @throws RequestRefusedError `upload_finished` once it is processed, over, or older than a day.
 */
export async function renewUploadTicket(
  dependencies: Pick<ApiDependencies, 'storage' | 'metadata' | 'clock'>,
  uploadId: string,
): Promise<UploadTicket | MultipartPlan> {
  return ticketOf(dependencies, await renew(dependencies, uploadId));
}

/** The record of a pending upload whose deadlines were moved. */
export async function renew(
  { metadata, clock }: Pick<ApiDependencies, 'metadata' | 'clock'>,
  uploadId: string,
): Promise<Ticketed> {
  const now = clock();
  const renewal = await metadata.renewTicket({ uploadId, now, ...deadlines(now) });
  if (renewal.outcome === 'renewed') return renewal.upload;
  throw uploadFinished(uploadId, renewal.outcome === 'finished' ? renewal.status : 'unknown');
}

export function uploadFinished(uploadId: string, status: string): RequestRefusedError {
  return new RequestRefusedError('upload_finished', `the upload takes no more bytes: it is ${status}`, {
    extensions: { uploadId, uploadStatus: status },
  });
}
