import { NOTHING, type Share } from '../quota.ts';
import type { OrganizationRecord, OwnerRecord, UploadForAvatar, UploadRecord } from '../records.ts';
import { organizationItem, organizationPk, ownerItem, ownerPk } from './items.ts';
import { type Check, IS_ABSENT, type Update, type Write } from './writes.ts';

/** What an open upload holds: its bytes and one file, a render nothing. */
export function reservationOf(upload: UploadRecord): Share {
  return upload.kind === 'render' ? NOTHING : { bytes: upload.contentLength, files: 1 };
}

/**
 * Takes the share for one open upload more, if the organization, which was read as version 0 when it is absent, is
 * still open and has as much left. Others may have changed it meanwhile: only what is left counts.
 */
export function reserve(organization: OrganizationRecord, { bytes, files }: Share): Write {
  if (organization.version === 0) {
    const { bytesFree, filesFree } = organization;
    const first = { bytesFree: bytesFree - bytes, filesFree: filesFree - files, openUploads: 1, version: 1 };
    return { put: organizationItem({ ...organization, ...first }), condition: IS_ABSENT };
  }
  // A render takes no quota, so it passes even where a lowered limit left less than nothing free.
  const fits = files > 0 ? ' AND #bytesFree >= :bytes AND #filesFree >= :files' : '';
  return {
    pk: organizationPk(organization.organizationId),
    condition: `#state = :active${fits}`,
    update: `SET #bytesFree = #bytesFree - :bytes, #filesFree = #filesFree - :files,
      #openUploads = #openUploads + :one, #version = #version + :one`,
    values: { active: 'active', bytes, files, one: 1 },
  };
}

/** One open upload more of a person, whose record was there (`known`) or not, if that keeps within `cap`. */
export function openFor(
  { organizationId, ownerId }: Pick<OwnerRecord, 'organizationId' | 'ownerId'>,
  { known, cap }: { readonly known: boolean; readonly cap: number },
): Write {
  if (!known) {
    return { put: ownerItem({ organizationId, ownerId, openUploads: 1, state: 'active' }), condition: IS_ABSENT };
  }
  return {
    pk: ownerPk(organizationId, ownerId),
    condition: '#state = :active AND #openUploads < :cap',
    update: 'SET #openUploads = #openUploads + :one',
    values: { active: 'active', cap, one: 1 },
  };
}

/** Gives a share back. */
export function credit(organizationId: string, { bytes, files }: Share): Update {
  return {
    pk: organizationPk(organizationId),
    update: 'SET #bytesFree = #bytesFree + :bytes, #filesFree = #filesFree + :files, #version = #version + :one',
    values: { bytes, files, one: 1 },
  };
}

/** One open upload less, and the share given back. */
export function release({ organizationId, ownerId }: UploadRecord, share: Share) {
  const { pk, update, values } = credit(organizationId, share);
  return {
    organization: { pk, update: `${update}, #openUploads = #openUploads - :one`, values },
    owner: {
      pk: ownerPk(organizationId, ownerId),
      update: 'SET #openUploads = #openUploads - :one',
      values: { one: 1 },
    },
  } satisfies Record<string, Update>;
}

const NOT_ERASING = `${IS_ABSENT} OR #state <> :erasing`;

/** The same write, but not on an organization or a person that is being erased. */
export function unlessErasing(write: Update): Update {
  return { ...write, condition: NOT_ERASING, values: { ...write.values, erasing: 'erasing' } };
}

/**
 * That the user whose avatar it is is not being erased. Absent for an agent, and for users who send their own picture:
 * a transaction has one action for each item, and that one is on the caller.
 */
export function userNotErasing(upload: UploadForAvatar): Check | undefined {
  const { organizationId, ownerId, avatar } = upload;
  if (avatar.entityType !== 'users' || avatar.entityId === ownerId) return undefined;
  return { pk: ownerPk(organizationId, avatar.entityId), condition: NOT_ERASING, values: { erasing: 'erasing' } };
}
