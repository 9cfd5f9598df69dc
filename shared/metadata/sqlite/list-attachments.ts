import type { AttachmentPage, ListAttachmentsInput } from '../attachment-store.ts';
import { cursorOf, positionOf } from '../list-position.ts';
import { selectAttachments } from './attachment-rows.ts';
import type { Database } from './connection.ts';

/** MetadataStore.listAttachments. Its pages are full, but for the last one. */
export function listAttachments(db: Database, input: ListAttachmentsInput): AttachmentPage {
  const { organizationId, contextId, ownerId, typePrefix, visibleTo, limit, cursor } = input;
  const after = cursor === undefined ? undefined : positionOf(cursor);
  const conditions = [
    `organizationId = :organizationId AND status = 'ready' AND draft = 0`,
    contextId !== undefined && 'contextId = :contextId',
    ownerId !== undefined && 'ownerId = :ownerId',
    typePrefix !== undefined && 'substr(contentType, 1, length(:typePrefix)) = :typePrefix',
    !visibleTo.seesPrivate && `(visibility <> 'private' OR ownerId = :reader)`,
    after && '(createdAt, fileId) < (:createdAt, :fileId)',
  ].filter((condition) => typeof condition === 'string');
  const found = selectAttachments(
    db,
    `WHERE ${conditions.join(' AND ')} ORDER BY createdAt DESC, fileId DESC LIMIT :limit`,
    {
      organizationId,
      // One more than asked for tells whether another page follows.
      limit: limit + 1,
      ...(contextId !== undefined && { contextId }),
      ...(ownerId !== undefined && { ownerId }),
      ...(typePrefix !== undefined && { typePrefix }),
      ...(!visibleTo.seesPrivate && { reader: visibleTo.ownerId }),
      ...after,
    },
  );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last ? { items, cursor: cursorOf(last) } : { items };
}
