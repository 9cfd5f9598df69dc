import type { Dependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { UploadRecord } from '../metadata/records.ts';

/**
 * Gives up an upload that was not processed yet; repeating it succeeds. Bytes that are there already, or arrive later,
 * are discarded by their event.
 * @throws RequestRefusedError `upload_in_progress` while it is processed, `upload_finished` once it has ended otherwise.
 */
export async function abortUpload(
  { metadata, storage, clock }: Pick<Dependencies, 'metadata' | 'storage' | 'clock'>,
  { uploadId }: { readonly uploadId: string },
): Promise<void> {
  const aborted = await metadata.abortUpload({ uploadId, now: clock() });
  if (aborted.outcome === 'aborted') return dropParts(storage, aborted.upload);
  if (aborted.outcome === 'unknown') throw new RequestRefusedError('not_found', 'nothing here');
  const { status } = aborted;
  if (status === 'aborted') return dropParts(storage, await metadata.getUpload({ uploadId }));
  const code = status === 'processing' ? 'upload_in_progress' : 'upload_finished';
  throw new RequestRefusedError(code, `the upload is ${status}`, { extensions: { uploadId, uploadStatus: status } });
}

/** Repeated with the abort: parts that are not given up cost until the bucket's lifecycle ends them. */
async function dropParts(storage: Dependencies['storage'], upload: UploadRecord | undefined): Promise<void> {
  if (upload?.kind !== 'attachment' || !upload.multipart) return;
  await storage.abortMultipartUpload({ key: upload.key, multipartId: upload.multipart.multipartId });
}
