import type { AvatarRef } from '../../storage/object-keys.ts';
import { NOTHING, type Share } from '../quota.ts';
import type { OrganizationRecord, OwnerRecord } from '../records.ts';
import type { Database } from './connection.ts';
import { findOrganization, findOwner, type UploadRow } from './rows.ts';

/** What an open upload holds: its bytes and one file, a render nothing. */
export function reservationOf(upload: Pick<UploadRow, 'contentLength'>): Share {
  return upload.contentLength === null ? NOTHING : { bytes: upload.contentLength, files: 1 };
}

/** Gives a share back. */
export function credit(db: Database, organizationId: string, share: Share): void {
  db.run(
    `UPDATE organizations SET bytesFree = bytesFree + :bytes, filesFree = filesFree + :files, version = version + 1
     WHERE organizationId = :organizationId`,
    { organizationId, ...share },
  );
}

/** Takes the share for one open upload more. */
export function openUpload(db: Database, organization: OrganizationRecord, owner: OwnerRecord, share: Share): void {
  db.put('organizations', {
    ...organization,
    bytesFree: organization.bytesFree - share.bytes,
    filesFree: organization.filesFree - share.files,
    openUploads: organization.openUploads + 1,
    version: organization.version + 1,
  });
  db.put('owners', { ...owner, openUploads: owner.openUploads + 1 });
}

interface Holder {
  readonly organizationId: string;
  readonly ownerId: string;
}

/** One open upload less, and the share given back. */
export function closeUpload(db: Database, { organizationId, ownerId }: Holder, share: Share): void {
  db.run(
    `UPDATE organizations SET bytesFree = bytesFree + :bytes, filesFree = filesFree + :files,
       openUploads = openUploads - 1, version = version + 1
     WHERE organizationId = :organizationId`,
    { organizationId, ...share },
  );
  db.run(
    `UPDATE owners SET openUploads = openUploads - 1
     WHERE organizationId = :organizationId AND ownerId = :ownerId`,
    { organizationId, ownerId },
  );
}

/** Whether the organization, the uploader or the user whose avatar it is is being erased. */
export function isBeingErased(db: Database, { organizationId, ownerId }: Holder, avatar?: AvatarRef): boolean {
  const people = avatar?.entityType === 'users' ? [ownerId, avatar.entityId] : [ownerId];
  return (
    findOrganization(db, organizationId)?.state === 'erasing' ||
    people.some((person) => findOwner(db, organizationId, person)?.state === 'erasing')
  );
}
