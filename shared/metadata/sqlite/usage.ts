import type { SetUsageInput, SetUsageOutcome } from '../organization-store.ts';
import { freedBy, NOTHING, type Share } from '../quota.ts';
import type { Database } from './connection.ts';
import { findOrganization } from './rows.ts';

/** A render holds nothing; a deleted attachment has given back what it held. */
const HELD = `
SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS files FROM (
  SELECT contentLength AS bytes FROM uploads
  WHERE organizationId = :organizationId AND status IN ('pending', 'processing') AND kind <> 'render'
  UNION ALL
  SELECT chargedBytes FROM avatars WHERE organizationId = :organizationId AND readyGeneration > 0
  UNION ALL
  SELECT chargedBytes FROM attachments WHERE organizationId = :organizationId AND status = 'ready'
)`;

/** MetadataStore.countUsage. Never misses a write. */
export function countUsage(db: Database, { organizationId }: { readonly organizationId: string }): Share {
  const held = db.get<Share>(HELD, { organizationId });
  return held ? { ...held } : NOTHING;
}

/** MetadataStore.setUsage. */
export function setUsage(db: Database, { organizationId, seenVersion, bytes, files }: SetUsageInput): SetUsageOutcome {
  const organization = findOrganization(db, organizationId);
  if (organization?.version !== seenVersion) return { outcome: 'stale' };
  const freed = freedBy(organization, { bytes, files });
  if (freed === undefined) return { outcome: 'unchanged' };
  db.put('organizations', {
    ...organization,
    bytesFree: organization.bytesFree + freed.bytes,
    filesFree: organization.filesFree + freed.files,
    version: seenVersion + 1,
  });
  return { outcome: 'repaired', freed };
}
