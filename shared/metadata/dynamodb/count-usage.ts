import { avatarShareOf, NOTHING, reservationOf, type Share } from '../quota.ts';
import { type AttachmentRecord, type AvatarRecord, isTerminal, type UploadRecord } from '../records.ts';
import type { DynamoDbTable, IndexPage } from './dynamodb-table.ts';
import { organizationPartition, subjectOf } from './item-keys.ts';
import { type Item, recordOf } from './items.ts';
import { ORGANIZATION_INDEX } from './table-schema.ts';

/** RecordStore.countUsage. */
export async function countUsage(
  table: DynamoDbTable,
  { organizationId }: { readonly organizationId: string },
): Promise<Share> {
  const { name, partitionKey } = ORGANIZATION_INDEX;
  let used = NOTHING;
  let after: IndexPage['next'];
  do {
    const { items, next } = await table.query({
      IndexName: name,
      KeyConditionExpression: `${partitionKey} = :organization`,
      ExpressionAttributeValues: { ':organization': organizationPartition(organizationId) },
      ...(after && { ExclusiveStartKey: after }),
    });
    used = items.map(shareOf).reduce(sum, used);
    after = next;
  } while (after);
  return used;
}

function sum(one: Share, other: Share): Share {
  return { bytes: one.bytes + other.bytes, files: one.files + other.files };
}

/** What an item holds of its organization's quota. The charge of a deleted attachment has been released. */
function shareOf(item: Item): Share {
  const record = recordOf(item);
  const { kind } = subjectOf(item.pk);
  if (kind === 'avatar') return avatarShareOf(record as AvatarRecord);
  if (kind === 'upload') {
    const upload = record as UploadRecord;
    return isTerminal(upload.status) ? NOTHING : reservationOf(upload);
  }
  const { status, chargedBytes } = record as AttachmentRecord;
  return status === 'ready' ? { bytes: chargedBytes, files: 1 } : NOTHING;
}
