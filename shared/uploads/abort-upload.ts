import type { Dependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';

/**
 * Ends an upload that no worker is processing: one that waits for its bytes, or for its next attempt after a failure.
 * Repeating it succeeds. Bytes that are stored already, or arrive later, are discarded by their event.
 * @throws RequestRefusedError `upload_in_progress` while it is processed, `upload_finished` once it has ended otherwise.
 */
export async function abortUpload(
  { metadata, storage, clock, log }: Pick<Dependencies, 'metadata' | 'storage' | 'clock' | 'log'>,
  { uploadId }: { readonly uploadId: string },
): Promise<void> {
  const aborted = await metadata.abortUpload({ uploadId, now: clock() });
  if (aborted.outcome === 'unknown') throw new RequestRefusedError('not_found', 'nothing here');
  const { upload } = aborted;
  if (aborted.outcome === 'finished' && upload.status !== 'aborted') {
    const code = upload.status === 'processing' ? 'upload_in_progress' : 'upload_finished';
    throw new RequestRefusedError(code, `the upload is ${upload.status}`, {
      extensions: { uploadId, uploadStatus: upload.status },
    });
  }
  if (upload.kind !== 'attachment' || !upload.multipart) return;
  try {
    await storage.abortMultipartUpload({ key: upload.key, multipartId: upload.multipart.multipartId });
  } catch (error) {
    log.warn('parts could not be removed now; the sweep will', { uploadId, error });
  }
}
