import type { Principal } from '../access/principal.ts';
import { avatarWriteAccess } from '../access/rules.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { AvatarRef } from '../storage/object-keys.ts';

/**
 * Deletes an avatar: from here on nothing of it is shown, and an upload that is still on its way loses. The objects
 * themselves go by the purge. Whether there was one, and whether it was the caller's, is not told.
 */
export async function deleteAvatar(
  { metadata, queues, settings, clock, log }: ApiDependencies,
  { avatar, principal }: { readonly avatar: AvatarRef; readonly principal: Principal },
): Promise<void> {
  const access = avatarWriteAccess(principal, avatar, settings.agentBinding);
  if (!access) return;
  const { outcome } = await metadata.markAvatarDeleted({ avatar, access, now: clock() });
  if (outcome !== 'deleted') return;
  try {
    await queues.sendPurge({ avatar });
  } catch (error) {
    // The tombstone stands and is due: the sweep purges it within a minute. The caller's delete has succeeded.
    log.warn('the purge message was lost; the sweep will find it', { ...avatar, error });
  }
}
