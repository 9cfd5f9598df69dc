import type { Principal } from '../access/principal.ts';
import { mayReadAttachment } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { AttachmentRecord } from '../metadata/records.ts';

/** The same for what never was, what is deleted and what is another organization's. */
export function unknownAttachment(): RequestRefusedError {
  return new RequestRefusedError('not_found', 'nothing here');
}

/**
 * The attachment that the caller may see.
 * @throws RequestRefusedError `not_found`
 */
export async function findAttachment(
  { metadata }: Pick<ApiDependencies, 'metadata'>,
  { fileId, principal }: { readonly fileId: string; readonly principal: Principal },
): Promise<AttachmentRecord> {
  const file = await metadata.getAttachment({ fileId });
  if (file && isVisible(file, principal)) return file;
  throw unknownAttachment();
}

/** The attachments that the caller may see, in the order of the ids; undefined for the others. */
export async function findAttachments(
  { metadata }: Pick<ApiDependencies, 'metadata'>,
  { fileIds, principal }: { readonly fileIds: readonly string[]; readonly principal: Principal },
): Promise<readonly (AttachmentRecord | undefined)[]> {
  const distinct = [...new Set(fileIds)];
  const found = new Map((await metadata.getAttachments(distinct)).map((file, at) => [distinct[at], file]));
  return fileIds.map((fileId) => {
    const file = found.get(fileId);
    return file && isVisible(file, principal) ? file : undefined;
  });
}

function isVisible(file: AttachmentRecord, principal: Principal): boolean {
  return file.status === 'ready' && mayReadAttachment(principal, file);
}
