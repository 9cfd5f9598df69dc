import type { Share } from '../quota.ts';
import { organizationKey, otherUserKey, ownerKey } from '../record-keys.ts';
import type { Adjustment, Guard } from '../record-store.ts';
import type { UploadRecord } from '../records.ts';
import { adjust, type Records } from './transition.ts';

/*
 * The counters of an organization and of a person. All of their uploads share them, so they are never compared with what
 * was read: each step adds its difference, under guards.
 */

/** Credits a share to the organization. */
export function credit(organizationId: string, { bytes, files }: Share): Adjustment {
  return adjust(organizationKey(organizationId), { add: { bytesFree: bytes, filesFree: files, version: 1 } });
}

type Counters = { readonly organization: Adjustment; readonly owner: Adjustment };

/** An upload ends: one open upload less, and the share goes back to the organization. */
export function release({ organizationId, ownerId, sentAt }: UploadRecord, { bytes, files }: Share): Counters {
  const counter = sentAt === undefined ? 'pendingUploads' : 'sentUploads';
  return {
    organization: adjust(organizationKey(organizationId), {
      add: { bytesFree: bytes, filesFree: files, openUploads: -1, version: 1 },
    }),
    owner: adjust(ownerKey(organizationId, ownerId), { add: { [counter]: -1 } }),
  };
}

/** The bytes of an upload are seen for the first time: it no longer counts as one that waits for them. */
export function countAsSent({ organizationId, ownerId, sentAt }: UploadRecord): { readonly owner?: Adjustment } {
  if (sentAt !== undefined) return {};
  return { owner: adjust(ownerKey(organizationId, ownerId), { add: { pendingUploads: -1, sentUploads: 1 } }) };
}

const NOT_ERASING: Guard = { field: 'state', not: 'erasing' };

/** The same writes, refused while one of those who are charged, or the user whose avatar it is, is being erased. */
export function unlessErasing(
  { organization, owner }: Counters,
  upload: UploadRecord,
): Counters & { readonly user?: Adjustment } {
  return {
    organization: { ...organization, guards: [NOT_ERASING] },
    owner: { ...owner, guards: [NOT_ERASING] },
    ...userNotErasing(upload, upload.organizationId),
  };
}

/** A check of the other user. */
export function userNotErasing(
  upload: Parameters<typeof otherUserKey>[0],
  organizationId: string,
): { readonly user?: Adjustment } {
  const user = otherUserKey(upload, organizationId);
  return user ? { user: adjust(user, { guards: [NOT_ERASING] }) } : {};
}

export function isErasing({ organization, owner, user }: Records): boolean {
  return [organization, owner, user].some((record) => record?.state === 'erasing');
}
