import { cursorOf, positionOf } from '../list-position.ts';
import type { AttachmentPage, ListAttachmentsInput } from '../record-store.ts';
import type { AttachmentRecord } from '../records.ts';
import type { Database } from './connection.ts';
import { type Row, recordOf } from './record-rows.ts';

/** RecordStore.listAttachments. Its pages are full, but for the last one. */
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
  const rows = db.all<Row>(
    `SELECT record FROM attachments WHERE ${conditions.join(' AND ')}
     ORDER BY createdAt DESC, fileId DESC LIMIT :limit`,
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
  const items = rows.slice(0, limit).map(recordOf<AttachmentRecord>);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, cursor: cursorOf(last) } : { items };
}
