import type { Principal } from '../access/principal.ts';
import type { Usage } from '../api/attachment-schemas.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { newOrganization } from '../metadata/quota.ts';

/** What the caller's organization uses. Reserved for open uploads counts as used. One read. */
export async function usageOf(
  { metadata, settings }: Pick<ApiDependencies, 'metadata' | 'settings'>,
  { organizationId }: Principal,
): Promise<Usage> {
  const record = (await metadata.getOrganization({ organizationId })) ?? newOrganization(organizationId, settings);
  const { bytesLimit, bytesFree, filesLimit, filesFree, openUploads } = record;
  return {
    bytesUsed: bytesLimit - bytesFree,
    bytesFree,
    bytesLimit,
    filesUsed: filesLimit - filesFree,
    filesFree,
    filesLimit,
    openUploads,
  };
}
