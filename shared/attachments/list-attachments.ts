import type { Principal } from '../access/principal.ts';
import { seesPrivateAttachments } from '../access/rules.ts';
import type { AttachmentListQuery } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { AttachmentRecord } from '../metadata/records.ts';
import { openCursor, sealCursor } from './list-cursor.ts';

export interface AttachmentsPage {
  readonly files: readonly AttachmentRecord[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/**
 * One page of what the caller may see of its organization, newest first. A cursor is good for the same caller and the
 * same filters alone.
 * @throws RequestRefusedError `invalid_request` for any other cursor.
 */
export async function listAttachments(
  { metadata, linkSecret }: Pick<ApiDependencies, 'metadata' | 'linkSecret'>,
  { principal, query }: { readonly principal: Principal; readonly query: AttachmentListQuery },
): Promise<AttachmentsPage> {
  const { organizationId, sub } = principal;
  const { cursor, limit, contextId, uploader, type } = query;
  const keys = await linkSecret();
  const scope = { organizationId, sub, filters: { contextId, uploader, type } };
  const page = await metadata.listAttachments({
    organizationId,
    visibleTo: { ownerId: sub, seesPrivate: seesPrivateAttachments(principal) },
    limit,
    ...(contextId !== undefined && { contextId }),
    ...(uploader !== undefined && { ownerId: uploader }),
    ...(type !== undefined && { typePrefix: type.toLowerCase() }),
    ...(cursor !== undefined && { cursor: openCursor(cursor, scope, keys) }),
  });
  return {
    files: page.items,
    ...(page.cursor !== undefined && { nextCursor: sealCursor(page.cursor, scope, keys) }),
  };
}
