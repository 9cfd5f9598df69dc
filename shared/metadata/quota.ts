import type { AvatarRecord, OrganizationRecord, UploadRecord } from './records.ts';

/** A share of an organization's quota. */
export interface Share {
  readonly bytes: number;
  readonly files: number;
}

export const NOTHING: Share = { bytes: 0, files: 0 };

/** An organization before its first write. */
export function newOrganization(
  organizationId: string,
  limits: { readonly organizationBytes: number; readonly organizationFiles: number },
): OrganizationRecord {
  return {
    organizationId,
    bytesLimit: limits.organizationBytes,
    bytesFree: limits.organizationBytes,
    filesLimit: limits.organizationFiles,
    filesFree: limits.organizationFiles,
    openUploads: 0,
    version: 0,
    state: 'active',
  };
}

/** How much more would be free if the organization held exactly this. Undefined: it is what its quota says already. */
export function freedBy(
  { bytesLimit, bytesFree, filesLimit, filesFree }: OrganizationRecord,
  { bytes, files }: Share,
): Share | undefined {
  const freed = { bytes: bytesLimit - bytes - bytesFree, files: filesLimit - files - filesFree };
  return freed.bytes === 0 && freed.files === 0 ? undefined : freed;
}

/** What an open upload reserves: its bytes and one file; a render nothing. */
export function reservationOf(upload: Pick<UploadRecord, 'kind'> & { readonly contentLength?: number }): Share {
  return upload.contentLength === undefined ? NOTHING : { bytes: upload.contentLength, files: 1 };
}

/** What the published image of an avatar holds of its organization's quota. */
export function avatarShareOf({
  readyGeneration,
  chargedBytes,
}: Pick<AvatarRecord, 'readyGeneration' | 'chargedBytes'>): Share {
  return readyGeneration > 0 ? { bytes: chargedBytes, files: 1 } : NOTHING;
}
