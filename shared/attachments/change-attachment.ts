import type { Principal } from '../access/principal.ts';
import { attachmentWriteAccess } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { RequestRefusedError } from '../errors.ts';
import type { AttachmentRecord } from '../metadata/records.ts';
import type { AttachmentChanges } from '../metadata/transitions/attachments.ts';
import { cleanDescription } from './clean-description.ts';
import { cleanFilename } from './clean-filename.ts';
import { findAttachment, unknownAttachment } from './find-attachment.ts';

export interface ChangeAttachmentInput {
  readonly fileId: string;
  readonly principal: Principal;
  readonly changes: AttachmentChanges;
  /** The revision that the caller has seen; undefined: whatever stands there. */
  readonly ifMatch: number | undefined;
}

/**
 * Renames, shows to others or fewer, claims a draft, describes it, replaces the metadata. A change of who sees it holds
 * at once for everyone who asks again.
 * @throws RequestRefusedError `not_found`, `forbidden`, `revision_differs`, `metadata_kept`
 */
export async function changeAttachment(
  dependencies: Pick<ApiDependencies, 'metadata'>,
  { fileId, principal, changes, ifMatch }: ChangeAttachmentInput,
): Promise<AttachmentRecord> {
  await findAttachment(dependencies, { fileId, principal });
  const result = await dependencies.metadata.updateAttachment({
    fileId,
    changes: cleaned(changes),
    access: attachmentWriteAccess(principal),
    ...(ifMatch !== undefined && { seenRevision: ifMatch }),
  });
  switch (result.outcome) {
    case 'updated':
      return result.file;
    case 'absent':
      throw unknownAttachment();
    case 'not_allowed':
      throw new RequestRefusedError('forbidden', 'only the uploader and admins may change it');
    case 'revision_differs':
      throw new RequestRefusedError('revision_differs', `it is at revision ${result.revision}`, {
        field: 'If-Match',
        accepted: `"${result.revision}"`,
        extensions: { revision: result.revision },
      });
    case 'metadata_kept':
      throw new RequestRefusedError('metadata_kept', 'a video or an image that keeps its metadata cannot be public', {
        field: 'visibility',
        accepted: 'organization or private',
      });
  }
}

function cleaned(changes: AttachmentChanges): AttachmentChanges {
  const { filename, description } = changes;
  return {
    ...changes,
    ...(filename !== undefined && { filename: cleanFilename(filename) }),
    ...(description !== undefined && { description: cleanDescription(description) ?? '' }),
  };
}
