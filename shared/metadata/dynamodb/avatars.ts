import type {
  AdvancePurgeInput,
  BindAgentInput,
  MarkAvatarDeletedInput,
  MarkAvatarDeletedOutcome,
} from '../avatar-store.ts';
import { RETENTION } from '../metadata-store.ts';
import { meetsAccess } from '../record-access.ts';
import { type AvatarRecord, instantAfter } from '../records.ts';
import type { DynamoDbTable } from './dynamodb-table.ts';
import { avatarItem, avatarPk, expiryOf, findAvatar, newAvatar, recordOf, shardOf } from './items.ts';
import { credit } from './quota.ts';
import { IS_ABSENT } from './writes.ts';

/** MetadataStore.markAvatarDeleted. */
export function markAvatarDeleted(
  table: DynamoDbTable,
  { avatar: ref, access, now }: MarkAvatarDeletedInput,
): Promise<MarkAvatarDeletedOutcome> {
  return table.untilSettled(async () => {
    const avatar = await findAvatar(table, ref);
    if (avatar === undefined) return { outcome: 'absent' };
    if (!meetsAccess(avatar, access)) return { outcome: 'not_allowed' };
    const { organizationId, generation, readyGeneration, deletedGeneration: deletedBefore, chargedBytes } = avatar;
    if (generation === deletedBefore) return { outcome: 'absent' };

    const deletedGeneration = generation + 1;
    const { done } = await table.transact({
      avatar: {
        pk: avatarPk(ref),
        condition:
          '#generation = :generation AND #readyGeneration = :readyGeneration AND #organizationId = :organizationId',
        update: `SET #generation = :deletedGeneration, #deletedGeneration = :deletedGeneration, #readyGeneration = :zero,
          #chargedBytes = :zero, #purge = :first, #workPk = :shard, #workAt = :now REMOVE #image, #ttl`,
        values: {
          generation,
          readyGeneration,
          organizationId,
          deletedGeneration,
          zero: 0,
          first: 'first',
          shard: shardOf(table.random()),
          now: now.toISOString(),
        },
      },
      organization: readyGeneration > 0 ? credit(organizationId, { bytes: chargedBytes, files: 1 }) : undefined,
    });
    return done ? { outcome: 'deleted', deletedGeneration } : undefined;
  });
}

/** MetadataStore.advancePurge. */
export function advancePurge(table: DynamoDbTable, input: AdvancePurgeInput): Promise<'advanced' | 'stale'> {
  const { avatar: ref, pass, deletedGeneration, now } = input;
  return table.untilSettled(async () => {
    const avatar = await findAvatar(table, ref);
    if (avatar?.purge !== pass || avatar.deletedGeneration !== deletedGeneration) return 'stale';
    const { done } = await table.write({
      pk: avatarPk(ref),
      condition: '#purge = :pass AND #deletedGeneration = :deletedGeneration AND #readyGeneration = :readyGeneration',
      update: pass === 'first' ? 'SET #purge = :second, #workAt = :secondAt' : afterPurge(avatar),
      values: {
        pass,
        deletedGeneration,
        readyGeneration: avatar.readyGeneration,
        second: 'second',
        secondAt: instantAfter(now, RETENTION.secondPurgeDelay),
        ttl: expiryOf(now),
      },
    });
    return done ? 'advanced' : undefined;
  });
}

/** An agent's record is its binding, so it stays. */
function afterPurge({ entityType, readyGeneration }: AvatarRecord): string {
  const forgettable = entityType === 'users' && readyGeneration === 0;
  return `${forgettable ? 'SET #ttl = :ttl ' : ''}REMOVE #purge, #workPk, #workAt`;
}

/** MetadataStore.bindAgent. */
export async function bindAgent(
  table: DynamoDbTable,
  { agentId, organizationId }: BindAgentInput,
): Promise<'bound' | 'conflict'> {
  const agent = newAvatar({ entityType: 'agents', entityId: agentId }, organizationId);
  const { item } = await table.write({ put: avatarItem(agent), condition: IS_ABSENT });
  return item !== undefined && recordOf<AvatarRecord>(item).organizationId === organizationId ? 'bound' : 'conflict';
}
