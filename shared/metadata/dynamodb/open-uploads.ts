import { isTerminal, type UploadRecord } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { ownerPartition, SORT_PREFIX } from './item-keys.ts';
import { recordOf } from './items.ts';
import { OWNER_INDEX } from './table-schema.ts';

/** Items of one BatchGetItem. */
const BATCH = 100;

/**
 * RecordStore.openUploads: keys from the index, then the items themselves. The index may lag, and an upload that has just
 * ended is not open.
 */
export async function openUploads(
  table: DynamoDbTable,
  { organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string },
): Promise<UploadRecord[]> {
  const { name, partitionKey, sortKey } = OWNER_INDEX;
  const uploads: UploadRecord[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await table.query({
      IndexName: name,
      KeyConditionExpression: `${partitionKey} = :owner AND begins_with(${sortKey}, :open)`,
      ExpressionAttributeValues: { ':owner': ownerPartition(organizationId, ownerId), ':open': SORT_PREFIX.open },
      Limit: BATCH,
      ...(start && { ExclusiveStartKey: start }),
    });
    const items = await table.get(page.items.map(({ pk }) => pk));
    uploads.push(...items.flatMap((item) => (item ? [recordOf(item) as UploadRecord] : [])));
    start = page.next;
  } while (start);
  return uploads.filter(({ status }) => !isTerminal(status));
}
