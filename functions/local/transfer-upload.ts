import type { IncomingMessage } from 'node:http';
import type { StorageKey } from '../../shared/storage/object-keys.ts';
import type { StorageBackend } from '../../shared/storage/storage-backend.ts';
import { bodyOf } from './request-body.ts';
import { TransferError } from './transfer-answers.ts';

/**
 * The length a body is announced with, in bytes.
 * @throws TransferError for a chunked body: S3 takes none without a length.
 */
export function contentLengthOf({ headers }: IncomingMessage): number {
  const text = headers['content-length'];
  if (text === undefined)
    throw new TransferError('MissingContentLength', 'You must provide the Content-Length header.');
  return Number(text);
}

/** Stores the body of a PUT whose grant was verified, as it arrives. It never replaces an object. */
export async function receiveUpload(
  storage: StorageBackend,
  key: StorageKey,
  request: IncomingMessage,
): Promise<{ eTag: string }> {
  const checksum = request.headers['x-amz-checksum-sha256'];
  return storage.uploadFile({
    key,
    body: bodyOf(request),
    contentLength: contentLengthOf(request),
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    ifNoneMatch: '*',
    ...(typeof checksum === 'string' && { checksumSha256: checksum }),
  });
}
