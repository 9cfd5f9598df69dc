import pMap from 'p-map';
import type { Principal } from '../access/principal.ts';
import { attachmentWriteAccess, mayReadAttachment } from '../access/rules.ts';
import type { DeletedAttachments } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { AttachmentRecord } from '../metadata/records.ts';

type Needs = Pick<ApiDependencies, 'metadata' | 'queues' | 'log' | 'clock'>;

/** Deletions of one request that run side by side. */
const AT_ONCE = 10;

type Result = 'deleted' | 'not_found' | 'forbidden' | 'dependency_unavailable';

/**
 * Deletes an attachment for everyone at once; its objects are removed soon after.
 * @throws RequestRefusedError `not_found`, `forbidden`; DependencyUnavailableError
 */
export async function deleteAttachment(
  needs: Needs,
  { fileId, principal }: { readonly fileId: string; readonly principal: Principal },
): Promise<void> {
  const file = await needs.metadata.getAttachment({ fileId });
  const result = file?.status === 'ready' ? await deleteOne(needs, file, principal) : 'not_found';
  if (result === 'forbidden') throw new RequestRefusedError('forbidden', 'only the uploader and admins may delete it');
  if (result === 'not_found') throw new RequestRefusedError('not_found', 'nothing here');
}

/**
 * Deletes what the caller may delete, with a result for each id in their order; the same for the same id. One that fails
 * does not keep the others from being deleted, and one that is being deleted already counts as deleted, so that a client
 * can repeat the whole request.
 */
export async function deleteAttachments(
  needs: Needs,
  { fileIds, principal }: { readonly fileIds: readonly string[]; readonly principal: Principal },
): Promise<DeletedAttachments['items']> {
  const distinct = [...new Set(fileIds)];
  const files = await needs.metadata.getAttachments(distinct);
  const found = await pMap(files, (file) => resultOf(needs, file, principal), { concurrency: AT_ONCE });
  const results = new Map(distinct.map((id, at) => [id, found[at]]));
  return fileIds.map((id) => {
    const result = results.get(id) ?? 'not_found';
    return result === 'deleted' ? { id, deleted: true } : { id, code: result };
  });
}

async function resultOf(needs: Needs, file: AttachmentRecord | undefined, principal: Principal): Promise<Result> {
  try {
    return await deleteOne(needs, file, principal);
  } catch (error) {
    needs.log.error('an attachment could not be deleted now', { fileId: file?.fileId, error });
    return 'dependency_unavailable';
  }
}

async function deleteOne(
  { metadata, queues, log, clock }: Needs,
  file: AttachmentRecord | undefined,
  principal: Principal,
): Promise<Exclude<Result, 'dependency_unavailable'>> {
  if (!file || !mayReadAttachment(principal, file)) return 'not_found';
  const { fileId } = file;
  const access = attachmentWriteAccess(principal);
  const outcome = await metadata.markAttachmentDeleted({ fileId, access, now: clock() });
  // To everyone who could not have deleted it, a deleted attachment is one that never was.
  if (outcome === 'not_allowed') return file.status === 'deleting' ? 'not_found' : 'forbidden';
  if (outcome === 'absent') return 'not_found';
  try {
    await queues.sendPurge({ attachment: fileId });
  } catch (error) {
    log.warn('the purge message of a deleted attachment was lost; the sweep will find it', { fileId, error });
  }
  return 'deleted';
}
