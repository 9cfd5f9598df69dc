import type { Principal } from '../access/principal.ts';
import type { Dependencies } from '../dependencies.ts';
import type { UploadRecord } from '../metadata/records.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import { infoOrUndefined } from '../storage/storage-backend.ts';

type Needs = Pick<Dependencies, 'metadata' | 'storage' | 'queues' | 'clock' | 'log'>;

/** Pending uploads of one person whose bytes are looked for when a cap is reached. */
const LOOKED_AT = 20;

/** Whether the upload is a ticket whose bytes were never seen. */
export function waitsForBytes(upload: UploadRecord): upload is Exclude<UploadRecord, { kind: 'render' }> {
  return upload.kind !== 'render' && upload.status === 'pending' && upload.sentAt === undefined;
}

/**
 * Looks whether the bytes of a pending upload are stored. If so, it no longer counts as one that waits for them, and it
 * is processed even if the storage's event was lost: its message is sent, once.
 */
export async function noteSentBytes(needs: Needs, upload: UploadRecord): Promise<boolean> {
  if (!waitsForBytes(upload)) return false;
  if (!(await infoOrUndefined(needs.storage, upload.key))) return false;
  await announceSentBytes(needs, upload);
  return true;
}

/** The same for bytes that are known to be stored. */
export async function announceSentBytes(
  { metadata, queues, clock, log }: Omit<Needs, 'storage'>,
  { uploadId }: Pick<UploadRecord, 'uploadId'>,
): Promise<void> {
  if ((await metadata.markSent({ uploadId, now: clock() })) !== 'marked') return;
  try {
    await queues.sendUpload({ uploadId });
  } catch (error) {
    log.warn('the message of an upload was lost; the sweep will find it', { uploadId, error });
  }
}

/**
 * Frees room under the cap on a person's pending uploads: those whose bytes have arrived no longer count, a ticket whose
 * time is over expires without waiting for the sweep, and tickets for the same avatar that were never used are
 * superseded by the one that is asked for, the oldest first.
 * @returns whether there is room for one more, and the uploads that are still in the way.
 */
export async function freePendingUploads(
  needs: Needs,
  asked: { readonly organizationId: string; readonly ownerId: string; readonly avatar?: AvatarRef | undefined },
): Promise<{ readonly isFree: boolean; readonly pending: readonly UploadRecord[] }> {
  const open = await needs.metadata.openUploads(asked);
  const waiting = ownAvatarFirst(open.filter(waitsForBytes), asked.avatar).slice(0, LOOKED_AT);
  const files = await Promise.all(waiting.map(({ key }) => infoOrUndefined(needs.storage, key)));
  const pending = waiting.filter((_, index) => !files[index]);
  const arrived = waiting.filter((_, index) => files[index]);
  // One after the other: each moves the same counters, and transactions on one record refuse each other.
  for (const upload of arrived) await announceSentBytes(needs, upload);
  if (arrived.length > 0) return { isFree: true, pending };
  const isFree = (await expireOldest(needs, pending)) || (await supersedeOldest(needs, pending, asked.avatar));
  return { isFree, pending };
}

async function expireOldest(needs: Needs, pending: readonly UploadRecord[]): Promise<boolean> {
  const now = needs.clock();
  for (const upload of pending) {
    if (!('acceptUntil' in upload) || upload.acceptUntil >= now.toISOString()) continue;
    if ((await needs.metadata.expireUpload({ uploadId: upload.uploadId, now })) === 'expired') return true;
  }
  return false;
}

async function supersedeOldest(needs: Needs, pending: readonly UploadRecord[], avatar?: AvatarRef): Promise<boolean> {
  for (const { uploadId } of ofAvatar(pending, avatar)) {
    if ((await needs.metadata.supersedePending({ uploadId, now: needs.clock() })) === 'superseded') return true;
  }
  return false;
}

/** Ends the caller's tickets for an avatar that was just deleted: they could not be published any more. */
export async function supersedePendingUploads(
  { metadata, clock, log }: Pick<Needs, 'metadata' | 'clock' | 'log'>,
  { avatar, principal }: { readonly avatar: AvatarRef; readonly principal: Principal },
): Promise<void> {
  try {
    const open = await listOpenUploads({ metadata }, principal);
    // One after the other, as above.
    for (const { uploadId } of ofAvatar(open.filter(waitsForBytes), avatar)) {
      await metadata.supersedePending({ uploadId, now: clock() });
    }
  } catch (error) {
    // The delete has succeeded; these tickets expire by themselves.
    log.warn('tickets for a deleted avatar could not be ended', { ...avatar, error });
  }
}

/** The caller's open uploads, the oldest first, at most 100. */
export function listOpenUploads(
  { metadata }: Pick<Needs, 'metadata'>,
  { organizationId, sub: ownerId }: Principal,
): Promise<readonly UploadRecord[]> {
  return metadata.openUploads({ organizationId, ownerId });
}

function ofAvatar<Upload extends UploadRecord>(uploads: readonly Upload[], avatar: AvatarRef | undefined): Upload[] {
  return uploads.filter(
    (upload) =>
      upload.kind === 'avatar' &&
      upload.avatar.entityType === avatar?.entityType &&
      upload.avatar.entityId === avatar.entityId,
  );
}

/** Those that may be superseded come first, so that they are among the few that are looked at. */
function ownAvatarFirst<Upload extends UploadRecord>(uploads: readonly Upload[], avatar: AvatarRef | undefined) {
  const own = ofAvatar(uploads, avatar);
  return [...own, ...uploads.filter((upload) => !own.includes(upload))];
}
