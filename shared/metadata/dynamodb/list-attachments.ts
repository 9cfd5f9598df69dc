import type { AttachmentPage, ListAttachmentsInput } from '../attachment-store.ts';
import { cursorOf, type ListPosition, positionOf } from '../list-position.ts';
import type { AttachmentRecord } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import {
  attachmentPk,
  contextPk,
  LISTED,
  listKey,
  listPositionOf,
  organizationPk,
  ownerPk,
  recordOf,
} from './items.ts';
import { CONTEXT_INDEX, ORGANIZATION_INDEX, OWNER_INDEX, type TableIndex } from './table-schema.ts';

/** How often one call looks further, when filters leave its page unfilled. */
const LOOKS = 5;
/** Attachments that one look reads: one batch. The first look reads no more than the page has room for. */
const WIDEST_LOOK = 100;

/**
 * MetadataStore.listAttachments: keys from an index, then the items themselves. The index may lag, and what was deleted
 * or made private a second ago must not be shown.
 */
export async function listAttachments(table: DynamoDbTable, input: ListAttachmentsInput): Promise<AttachmentPage> {
  const { limit, cursor } = input;
  const range = rangeOf(input);
  const items: AttachmentRecord[] = [];
  let after = cursor === undefined ? undefined : positionOf(cursor);
  for (let look = 1; look <= LOOKS; look += 1) {
    const { positions, more } = await positionsIn(table, range, { after, width: look === 1 ? limit : WIDEST_LOOK });
    const found = await table.getMany(positions.map(({ fileId }) => attachmentPk(fileId)));
    for (const [index, position] of positions.entries()) {
      const file = found[index] && recordOf<AttachmentRecord>(found[index]);
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

/** What the index does not tell: it has nothing of other organizations and contexts, and no drafts. */
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

/** The narrowest there is for the filters. A context is taken for narrower than a person. */
function rangeOf({ organizationId, contextId, ownerId }: ListAttachmentsInput): Range {
  if (contextId !== undefined) return { index: CONTEXT_INDEX, partition: contextPk(organizationId, contextId) };
  if (ownerId !== undefined) return { index: OWNER_INDEX, partition: ownerPk(organizationId, ownerId) };
  return { index: ORGANIZATION_INDEX, partition: organizationPk(organizationId) };
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
    ExpressionAttributeValues: { ':partition': partition, ':listed': LISTED },
    ScanIndexForward: false,
    // One more tells whether more follow.
    Limit: width + 1,
    ...(after && {
      ExclusiveStartKey: { pk: attachmentPk(after.fileId), [partitionKey]: partition, [sortKey]: listKey(after) },
    }),
  });
  const positions = items.slice(0, width).map((item) => listPositionOf(String(item[sortKey])));
  return { positions, more: items.length > width || next !== undefined };
}
