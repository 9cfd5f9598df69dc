import type { Principal } from '../access/principal.ts';
import { attachmentWriteAccess } from '../access/rules.ts';
import type { DeletedAttachments } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import { findAttachments } from './find-attachment.ts';

type Needs = Pick<ApiDependencies, 'metadata' | 'queues' | 'log' | 'clock'>;

/** Deletions of one request that run at a time. */
const AT_ONCE = 10;

type Result = 'deleted' | 'not_found' | 'forbidden';

/**
 * Deletes an attachment for everyone at once; its objects go soon after.
 * @throws RequestRefusedError `not_found`, `forbidden`
 */
export async function deleteAttachment(
  needs: Needs,
  { fileId, principal }: { readonly fileId: string; readonly principal: Principal },
): Promise<void> {
  const [result] = await deleteAll(needs, { fileIds: [fileId], principal });
  if (result === 'forbidden') throw new RequestRefusedError('forbidden', 'only the uploader and admins may delete it');
  if (result === 'not_found') throw new RequestRefusedError('not_found', 'nothing here');
}

/** Deletes what the caller may delete, with a result for each id in their order; the same for the same id. */
export async function deleteAttachments(
  needs: Needs,
  { fileIds, principal }: { readonly fileIds: readonly string[]; readonly principal: Principal },
): Promise<DeletedAttachments['items']> {
  const distinct = [...new Set(fileIds)];
  const results = await deleteAll(needs, { fileIds: distinct, principal });
  const resultOf = new Map(distinct.map((id, at) => [id, results[at]]));
  return fileIds.map((id) => {
    const result = resultOf.get(id) ?? 'not_found';
    return result === 'deleted' ? { id, deleted: true } : { id, code: result };
  });
}

async function deleteAll(
  needs: Needs,
  { fileIds, principal }: { readonly fileIds: readonly string[]; readonly principal: Principal },
): Promise<readonly Result[]> {
  const files = await findAttachments(needs, { fileIds, principal });
  const results: Result[] = [];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    results.push(
      ...(await Promise.all(some.map((file) => (file ? deleteOne(needs, file.fileId, principal) : 'not_found')))),
    );
  }
  return results;
}

async function deleteOne(
  { metadata, queues, log, clock }: Needs,
  fileId: string,
  principal: Principal,
): Promise<Result> {
  const access = attachmentWriteAccess(principal);
  const outcome = await metadata.markAttachmentDeleted({ fileId, access, now: clock() });
  if (outcome === 'not_allowed') return 'forbidden';
  if (outcome === 'absent') return 'not_found';
  try {
    await queues.sendPurge({ attachment: fileId });
  } catch (error) {
    // It is deleted for everyone, and the sweep finds what is left of it.
    log.warn('the message of a deleted attachment was lost', { fileId, error });
  }
  return 'deleted';
}
