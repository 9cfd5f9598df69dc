import type {
  AdvancePurgeInput,
  BindAgentInput,
  MarkAvatarDeletedInput,
  MarkAvatarDeletedOutcome,
} from '../avatar-store.ts';
import { RETENTION } from '../metadata-store.ts';
import { meetsAccess } from '../record-access.ts';
import { instantAfter } from '../records.ts';
import type { Database } from './connection.ts';
import { credit } from './quota.ts';
import { type AvatarRow, findAvatar, newAvatar } from './rows.ts';

/** MetadataStore.markAvatarDeleted. */
export function markAvatarDeleted(db: Database, input: MarkAvatarDeletedInput): MarkAvatarDeletedOutcome {
  const { avatar: ref, access, now } = input;
  const avatar = findAvatar(db, ref);
  if (avatar === undefined) return { outcome: 'absent' };
  if (!meetsAccess(avatar, access)) return { outcome: 'not_allowed' };
  if (avatar.generation === avatar.deletedGeneration) return { outcome: 'absent' };

  const deletedGeneration = avatar.generation + 1;
  db.put('avatars', {
    ...avatar,
    generation: deletedGeneration,
    deletedGeneration,
    readyGeneration: 0,
    chargedBytes: 0,
    image: null,
    purge: 'first',
    workAt: now.toISOString(),
    expiresAt: null,
  });
  if (avatar.readyGeneration > 0) credit(db, avatar.organizationId, { bytes: avatar.chargedBytes, files: 1 });
  return { outcome: 'deleted', deletedGeneration };
}

/** MetadataStore.advancePurge. */
export function advancePurge(db: Database, input: AdvancePurgeInput): 'advanced' | 'stale' {
  const { avatar: ref, pass, deletedGeneration, now } = input;
  const avatar = findAvatar(db, ref);
  if (avatar?.purge !== pass || avatar.deletedGeneration !== deletedGeneration) return 'stale';
  db.put('avatars', { ...avatar, ...(pass === 'first' ? secondPass(now) : purged(avatar, now)) });
  return 'advanced';
}

type PurgeState = Pick<AvatarRow, 'purge' | 'workAt' | 'expiresAt'>;

function secondPass(now: Date): PurgeState {
  return { purge: 'second', workAt: instantAfter(now, RETENTION.secondPurgeDelay), expiresAt: null };
}

/** An agent's record is its binding, so it stays. */
function purged({ entityType, readyGeneration }: AvatarRow, now: Date): PurgeState {
  const forgettable = entityType === 'users' && readyGeneration === 0;
  return { purge: null, workAt: null, expiresAt: forgettable ? instantAfter(now, RETENTION.finished) : null };
}

/** MetadataStore.bindAgent. */
export function bindAgent(db: Database, { agentId, organizationId }: BindAgentInput): 'bound' | 'conflict' {
  const agent = { entityType: 'agents', entityId: agentId } as const;
  const known = findAvatar(db, agent);
  if (known === undefined) db.put('avatars', newAvatar(agent, organizationId));
  return known === undefined || known.organizationId === organizationId ? 'bound' : 'conflict';
}
