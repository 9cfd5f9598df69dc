import type { Dependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';

/**
 * Gives up an upload that was not processed yet; repeating it succeeds. Bytes that are there already, or arrive later,
 * are discarded by their event.
 * @throws RequestRefusedError `upload_in_progress` while it is processed, `upload_finished` once it has ended otherwise.
 */
export async function abortUpload(
  { metadata, clock }: Pick<Dependencies, 'metadata' | 'clock'>,
  { uploadId }: { readonly uploadId: string },
): Promise<void> {
  const aborted = await metadata.abortUpload({ uploadId, now: clock() });
  if (aborted.outcome === 'aborted') return;
  if (aborted.outcome === 'unknown') throw new RequestRefusedError('not_found', 'nothing here');
  const { status } = aborted;
  if (status === 'aborted') return;
  const code = status === 'processing' ? 'upload_in_progress' : 'upload_finished';
  throw new RequestRefusedError(code, `the upload is ${status}`, { extensions: { uploadId, uploadStatus: status } });
}
