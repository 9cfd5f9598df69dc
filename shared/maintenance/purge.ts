import { removeAvatarObjects } from '../avatars/avatar-objects.ts';
import type { Dependencies } from '../dependencies.ts';
import { type AvatarRef, avatarPrefix } from '../storage/object-keys.ts';

/**
 * One pass over what a delete left: every object of the deleted generations and every copy at the CDN. The second pass,
 * 15 minutes later, catches what a worker wrote after its lease was lost, and copies that an edge fetched in between.
 * `not_due`: there is nothing to purge. `busy`: the CDN takes no invalidation now; the pass stays due.
 */
export async function purgeAvatar(
  { storage, metadata, edgeCache, clock }: Pick<Dependencies, 'storage' | 'metadata' | 'edgeCache' | 'clock'>,
  avatar: AvatarRef,
): Promise<'purged' | 'busy' | 'not_due'> {
  const record = await metadata.getAvatar(avatar);
  if (!record?.purge || (record.workAt ?? '') > clock().toISOString()) return 'not_due';
  const { purge: pass, deletedGeneration } = record;
  await removeAvatarObjects(storage, avatar, { generations: (generation) => generation <= deletedGeneration });
  if ((await edgeCache.invalidate([avatarPrefix(avatar)])) === 'busy') return 'busy';
  await metadata.advancePurge({ avatar, pass, deletedGeneration, now: clock() });
  return 'purged';
}
