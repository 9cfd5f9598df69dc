import { NOTHING, type Share } from '../quota.ts';
import type { Database } from './connection.ts';

/** A render holds nothing; a deleted attachment has released what it held. */
const HELD = `
SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS files FROM (
  SELECT contentLength AS bytes FROM uploads
  WHERE organizationId = :organizationId AND status IN ('pending', 'processing') AND kind <> 'render'
  UNION ALL
  SELECT chargedBytes FROM avatars WHERE organizationId = :organizationId AND readyGeneration > 0
  UNION ALL
  SELECT chargedBytes FROM attachments WHERE organizationId = :organizationId AND status = 'ready'
)`;

/** RecordStore.countUsage. Never misses a write. */
export function countUsage(db: Database, { organizationId }: { readonly organizationId: string }): Share {
  const held = db.get<Share>(HELD, { organizationId });
  return held ? { ...held } : NOTHING;
}
