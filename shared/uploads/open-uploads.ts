import type { Principal } from '../access/principal.ts';
import type { Dependencies } from '../dependencies.ts';
import { type AvatarUpload, type UploadRecord, waitsForBytes } from '../metadata/records.ts';
import type { AvatarRef } from '../storage/object-keys.ts';
import { infoOrUndefined } from '../storage/storage-backend.ts';

type Needs = Pick<Dependencies, 'metadata' | 'storage' | 'queues' | 'clock' | 'log'>;

/** Pending uploads of one person whose bytes are looked for when a cap is reached. */
const LOOKED_AT = 20;

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
    const { uploadId, sentAt } = upload;
    if ((await needs.metadata.expireUpload({ uploadId, sentAt, now })) === 'expired') return true;
  }
  return false;
}

async function supersedeOldest(needs: Needs, pending: readonly UploadRecord[], avatar?: AvatarRef): Promise<boolean> {
  for (const { uploadId } of ofAvatar(pending, avatar)) {
    if ((await needs.metadata.supersedePending({ uploadId, now: needs.clock() })) === 'superseded') return true;
  }
  return false;
}

/** Ends the caller's tickets that a delete of their avatar came after: they could not be published any more. */
export async function supersedeDeleted(
  { metadata, clock, log }: Pick<Needs, 'metadata' | 'clock' | 'log'>,
  deleted: { readonly avatar: AvatarRef; readonly principal: Principal; readonly deletedGeneration: number },
): Promise<void> {
  const { avatar, principal, deletedGeneration } = deleted;
  try {
    const open = await listOpenUploads({ metadata }, principal);
    // One after the other, as above.
    for (const { uploadId, generation } of ofAvatar(open.filter(waitsForBytes), avatar)) {
      if (generation < deletedGeneration) await metadata.supersedePending({ uploadId, now: clock() });
    }
  } catch (error) {
    // The delete has succeeded; these tickets expire by themselves.
    log.warn('tickets for a deleted avatar could not be ended', { ...avatar, error });
  }
}

/** The caller's open uploads, the oldest first. */
export function listOpenUploads(
  { metadata }: Pick<Needs, 'metadata'>,
  { organizationId, sub: ownerId }: Principal,
): Promise<readonly UploadRecord[]> {
  return metadata.openUploads({ organizationId, ownerId });
}

function ofAvatar(uploads: readonly UploadRecord[], avatar: AvatarRef | undefined): AvatarUpload[] {
  return uploads.filter(
    (upload): upload is AvatarUpload =>
      upload.kind === 'avatar' &&
      upload.avatar.entityType === avatar?.entityType &&
      upload.avatar.entityId === avatar.entityId,
  );
}

/** Those that may be superseded come first, so that they are among the few that are looked at. */
function ownAvatarFirst<Upload extends UploadRecord>(uploads: readonly Upload[], avatar: AvatarRef | undefined) {
  const own = new Set<UploadRecord>(ofAvatar(uploads, avatar));
  return [...uploads.filter((upload) => own.has(upload)), ...uploads.filter((upload) => !own.has(upload))];
}
