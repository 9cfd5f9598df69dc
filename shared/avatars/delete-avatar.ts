import type { Principal } from '../access/principal.ts';
import { avatarWriteAccess } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { AvatarRef } from '../storage/object-keys.ts';

/**
 * Deletes an avatar: from here on nothing of it is shown, and an upload that is still open is superseded. Its files are
 * removed by the purge.
 * @returns the generation of the delete; undefined where there is none that the caller may delete.
 */
export async function deleteAvatar(
  { metadata, queues, settings, clock, log }: ApiDependencies,
  { avatar, principal }: { readonly avatar: AvatarRef; readonly principal: Principal },
): Promise<number | undefined> {
  const access = avatarWriteAccess(principal, avatar, settings.agentBinding);
  if (!access) return undefined;
  const deleted = await metadata.markAvatarDeleted({ avatar, access, now: clock() });
  if (deleted.outcome !== 'deleted') return undefined;
  try {
    if (deleted.isPurgeDue) await queues.sendPurge({ avatar });
  } catch (error) {
    // The tombstone is stored and due: the sweep purges it within a minute. The caller's delete has succeeded.
    log.warn('the purge message was lost; the sweep will find it', { ...avatar, error });
  }
  return deleted.deletedGeneration;
}
