import type { AvatarRef } from '../storage/object-keys.ts';
import type { RecordKey } from './record-store.ts';
import { ownerOfAvatar } from './records.ts';

export const uploadKey = (uploadId: string): RecordKey => ({ kind: 'upload', uploadId });
export const avatarKey = ({ entityType, entityId }: AvatarRef): RecordKey => ({ kind: 'avatar', entityType, entityId });
export const attachmentKey = (fileId: string): RecordKey => ({ kind: 'attachment', fileId });
export const organizationKey = (organizationId: string): RecordKey => ({ kind: 'organization', organizationId });
export const ownerKey = (organizationId: string, ownerId: string): RecordKey => ({
  kind: 'owner',
  organizationId,
  ownerId,
});
export const requestKey = (keyDigest: string): RecordKey => ({ kind: 'request', keyDigest });
export const SWITCHES_KEY: RecordKey = { kind: 'switches' };

/** The user whose avatar an upload is for, when that is not the caller: a commit has one write for each record. */
export function otherUserKey(
  { ownerId, avatar }: { readonly ownerId: string; readonly avatar?: AvatarRef },
  organizationId: string,
): RecordKey | undefined {
  const user = avatar && ownerOfAvatar(avatar);
  return user === undefined || user === ownerId ? undefined : ownerKey(organizationId, user);
}
