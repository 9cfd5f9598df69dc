import { removeAvatarObjects } from '../avatars/avatar-objects.ts';
import type { MaintenanceDependencies } from '../dependencies.ts';
import type { AvatarRecord } from '../metadata/records.ts';
import { type AvatarRef, avatarPrefix } from '../storage/object-keys.ts';

/** An avatar with a purge that is due. */
type Due = AvatarRecord & { readonly purge: NonNullable<AvatarRecord['purge']> };

/**
 * One pass over what deletes left: every object of the deleted generations and every copy at the CDN, of all avatars in
 * one call there, because it takes few at a time. The second pass, 15 minutes later, catches what a worker wrote after
 * its lease was lost, and copies that an edge fetched in between.
 *
 * Resolves with how many passes are done. The others stay due for the sweep: not yet time, a fault, or the CDN is busy.
 */
export async function purgeAvatars(
  dependencies: MaintenanceDependencies,
  avatars: readonly AvatarRef[],
): Promise<number> {
  const { metadata, edgeCache, clock } = dependencies;
  const now = clock();
  const records = avatars.length > 0 ? await metadata.getAvatars(avatars) : [];
  const due = records.filter((record): record is Due => record?.purge !== undefined && isDue(record, now));
  const removed = await Promise.all(due.map((record) => removeDeleted(dependencies, record)));
  const clean = due.filter((_, index) => removed[index]);
  if (clean.length === 0 || (await edgeCache.invalidate(clean.map(avatarPrefix))) === 'busy') return 0;
  for (const { entityType, entityId, purge: pass, deletedGeneration } of clean) {
    await metadata.advancePurge({ avatar: { entityType, entityId }, pass, deletedGeneration, now: clock() });
  }
  return clean.length;
}

/** Whether nothing of the deleted generations is left. One avatar's fault keeps no other waiting. */
async function removeDeleted(
  { storage, log }: MaintenanceDependencies,
  { entityType, entityId, deletedGeneration }: Due,
): Promise<boolean> {
  const avatar = { entityType, entityId };
  try {
    await removeAvatarObjects(storage, avatar, { generations: (generation) => generation <= deletedGeneration });
    return true;
  } catch (error) {
    log.error('objects of a deleted avatar could not be removed', { ...avatar, error });
    return false;
  }
}

function isDue({ workAt = '' }: AvatarRecord, now: Date): boolean {
  return workAt <= now.toISOString();
}
