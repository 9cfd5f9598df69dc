import type { IncomingMessage } from 'node:http';
import type { LocalStorageBackend } from '../../shared/storage/local/local-storage-backend.ts';
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

/** A storage whose clients send their parts here, and not to S3. */
export type StorageOfParts = StorageBackend & Pick<LocalStorageBackend, 'uploadPart'>;

/**
 * Stores the body of a PUT whose grant was verified, as it arrives: one part of an object, if the query names it, which
 * is signed too; else a whole object, which never replaces another.
 */
export async function receiveUpload(
  storage: StorageOfParts,
  { key, query }: { readonly key: StorageKey; readonly query: URLSearchParams },
  request: IncomingMessage,
): Promise<{ eTag: string }> {
  const upload = { key, body: bodyOf(request), contentLength: contentLengthOf(request) };
  const multipartId = query.get('uploadId');
  if (multipartId !== null) {
    return storage.uploadPart({ ...upload, multipartId, partNumber: Number(query.get('partNumber')) });
  }
  const checksum = request.headers['x-amz-checksum-sha256'];
  return storage.uploadFile({
    ...upload,
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    ifNoneMatch: '*',
    ...(typeof checksum === 'string' && { checksumSha256: checksum }),
  });
}
