import { cursorOf, type ListPosition, positionOf } from '../list-position.ts';
import { attachmentKey } from '../record-keys.ts';
import type { AttachmentPage, ListAttachmentsInput } from '../record-store.ts';
import type { AttachmentRecord } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import {
  contextPartition,
  listPositionOf,
  organizationPartition,
  ownerPartition,
  pkOf,
  SORT_PREFIX,
  sortKeyOf,
} from './item-keys.ts';
import { recordOf } from './items.ts';
import { CONTEXT_INDEX, ORGANIZATION_INDEX, OWNER_INDEX, type TableIndex } from './table-schema.ts';

/** How often one call looks further, when filters leave its page unfilled. */
const LOOKS = 5;
/** Attachments that one look reads: one batch. The first look reads no more than the page has room for. */
const WIDEST_LOOK = 100;

/**
 * RecordStore.listAttachments: keys from an index, then the items themselves. The index may lag, and what was deleted
 * or made private a second ago must not be shown.
 */
export async function listAttachments(table: DynamoDbTable, input: ListAttachmentsInput): Promise<AttachmentPage> {
  const { limit, cursor } = input;
  const range = rangeOf(input);
  const items: AttachmentRecord[] = [];
  let after = cursor === undefined ? undefined : positionOf(cursor);
  for (let look = 1; look <= LOOKS; look += 1) {
    const { positions, more } = await positionsIn(table, range, { after, width: look === 1 ? limit : WIDEST_LOOK });
    const found = await table.get(positions.map(({ fileId }) => pkOf(attachmentKey(fileId))));
    for (const [index, position] of positions.entries()) {
      const file = found[index] && (recordOf(found[index]) as AttachmentRecord);
      if (file && isShown(file, input)) items.push(file);
      after = position;
      if (items.length < limit) continue;
      const isLast = index === positions.length - 1 && !more;
      return isLast ? { items } : { items, cursor: cursorOf(position) };
    }
    if (!more) return { items };
  }
  return after ? { items, cursor: cursorOf(after) } : { items };
}

/** What the index does not show. It has no entry of other organizations or contexts here, and none of drafts. */
function isShown(file: AttachmentRecord, { ownerId, typePrefix = '', visibleTo }: ListAttachmentsInput): boolean {
  return (
    file.status === 'ready' &&
    (ownerId === undefined || file.ownerId === ownerId) &&
    file.contentType.startsWith(typePrefix) &&
    (file.visibility !== 'private' || visibleTo.seesPrivate || file.ownerId === visibleTo.ownerId)
  );
}

/** What one list is read from: a partition of an index. */
interface Range {
  readonly index: TableIndex;
  readonly partition: string;
}

/** The smallest partition for the filters. A context is taken to be smaller than a person's files. */
function rangeOf({ organizationId, contextId, ownerId }: ListAttachmentsInput): Range {
  if (contextId !== undefined) return { index: CONTEXT_INDEX, partition: contextPartition(organizationId, contextId) };
  if (ownerId !== undefined) return { index: OWNER_INDEX, partition: ownerPartition(organizationId, ownerId) };
  return { index: ORGANIZATION_INDEX, partition: organizationPartition(organizationId) };
}

async function positionsIn(
  table: DynamoDbTable,
  { index: { name, partitionKey, sortKey }, partition }: Range,
  { after, width }: { readonly after: ListPosition | undefined; readonly width: number },
): Promise<{ readonly positions: readonly ListPosition[]; readonly more: boolean }> {
  const { items, next } = await table.query({
    IndexName: name,
    KeyConditionExpression: `${partitionKey} = :partition AND begins_with(${sortKey}, :listed)`,
    ProjectionExpression: sortKey,
    ExpressionAttributeValues: { ':partition': partition, ':listed': SORT_PREFIX.listed },
    ScanIndexForward: false,
    // One more shows whether more follow.
    Limit: width + 1,
    ...(after && {
      ExclusiveStartKey: {
        pk: pkOf(attachmentKey(after.fileId)),
        [partitionKey]: partition,
        [sortKey]: sortKeyOf('listed', after.createdAt, after.fileId),
      },
    }),
  });
  const positions = items.slice(0, width).map((item) => listPositionOf(String(item[sortKey])));
  return { positions, more: items.length > width || next !== undefined };
}
