import type { SetUsageInput, SetUsageOutcome } from '../organization-store.ts';
import { freedBy, NOTHING, type Share } from '../quota.ts';
import { type AttachmentRecord, type AvatarRecord, isTerminal, type UploadRecord } from '../records.ts';
import type { DynamoDbTable, IndexPage } from './dynamodb-table.ts';
import { findOrganization, organizationPk, recordOf } from './items.ts';
import { reservationOf } from './quota.ts';
import { ORGANIZATION_INDEX } from './table-schema.ts';
import type { Item } from './writes.ts';

/** MetadataStore.countUsage. */
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
      ExpressionAttributeValues: { ':organization': organizationPk(organizationId) },
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

/** What an item holds of its organization's quota. A deleted attachment has given it back. */
function shareOf(item: Item): Share {
  const [kind] = item.pk.split('#');
  if (kind === 'UPLOAD') {
    const upload = recordOf<UploadRecord>(item);
    return isTerminal(upload.status) ? NOTHING : reservationOf(upload);
  }
  if (kind === 'AVATAR') {
    const { readyGeneration, chargedBytes } = recordOf<AvatarRecord>(item);
    return readyGeneration > 0 ? { bytes: chargedBytes, files: 1 } : NOTHING;
  }
  const { status, chargedBytes } = recordOf<AttachmentRecord>(item);
  return status === 'ready' ? { bytes: chargedBytes, files: 1 } : NOTHING;
}

/** MetadataStore.setUsage. */
export async function setUsage(
  table: DynamoDbTable,
  { organizationId, seenVersion, bytes, files }: SetUsageInput,
): Promise<SetUsageOutcome> {
  const seen = await findOrganization(table, organizationId);
  if (seen?.version !== seenVersion) return { outcome: 'stale' };
  const freed = freedBy(seen, { bytes, files });
  if (freed === undefined) return { outcome: 'unchanged' };
  const { done } = await table.write({
    pk: organizationPk(organizationId),
    condition: '#version = :seenVersion',
    update: 'SET #bytesFree = #bytesFree + :bytes, #filesFree = #filesFree + :files, #version = #version + :one',
    values: { seenVersion, ...freed, one: 1 },
  });
  return done ? { outcome: 'repaired', freed } : { outcome: 'stale' };
}
