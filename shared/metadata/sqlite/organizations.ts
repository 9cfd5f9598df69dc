import type { SetLimitsInput, SetOrganizationStateInput } from '../organization-store.ts';
import { newOrganization } from '../quota.ts';
import type { OrganizationRecord, ServiceSwitches } from '../records.ts';
import type { Database } from './connection.ts';
import { findOrganization, findOwner } from './rows.ts';

/** MetadataStore.setLimits. */
export function setLimits(
  db: Database,
  { organizationId, bytesLimit, filesLimit }: SetLimitsInput,
): OrganizationRecord {
  const limits = { organizationBytes: bytesLimit, organizationFiles: filesLimit };
  const known = findOrganization(db, organizationId) ?? newOrganization(organizationId, limits);
  return write(db, {
    ...known,
    bytesLimit,
    bytesFree: known.bytesFree + bytesLimit - known.bytesLimit,
    filesLimit,
    filesFree: known.filesFree + filesLimit - known.filesLimit,
  });
}

/** MetadataStore.setOrganizationState. */
export function setOrganizationState(db: Database, input: SetOrganizationStateInput): 'set' | 'closed' {
  const { organizationId, state, limits } = input;
  const known = findOrganization(db, organizationId) ?? newOrganization(organizationId, limits);
  if (known.state === 'erasing') return 'closed';
  write(db, { ...known, state });
  return 'set';
}

function write(db: Database, organization: OrganizationRecord): OrganizationRecord {
  const written = { ...organization, version: organization.version + 1 };
  db.put('organizations', written);
  return written;
}

/** MetadataStore.closeOwner. */
export function closeOwner(
  db: Database,
  { organizationId, ownerId }: { readonly organizationId: string; readonly ownerId: string },
): void {
  const openUploads = findOwner(db, organizationId, ownerId)?.openUploads ?? 0;
  db.put('owners', { organizationId, ownerId, openUploads, state: 'erasing' });
}

/** MetadataStore.setSwitches. */
export function setSwitches(db: Database, { uploadsPaused, reason }: ServiceSwitches): void {
  db.put('switches', { one: 1, uploadsPaused: Number(uploadsPaused), reason: reason ?? null });
}

/** MetadataStore.getSwitches. */
export function getSwitches(db: Database): ServiceSwitches {
  const row = db.get<{ uploadsPaused: number; reason: string | null }>('SELECT uploadsPaused, reason FROM switches');
  if (row === undefined) return { uploadsPaused: false };
  const uploadsPaused = row.uploadsPaused === 1;
  return row.reason === null ? { uploadsPaused } : { uploadsPaused, reason: row.reason };
}
