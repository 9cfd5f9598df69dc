import type { Dependencies } from '../dependencies.ts';
import type { Share } from '../metadata/quota.ts';

/** Indexes follow their table in well under a second; this is what they may lag behind at worst. */
const INDEX_LAG_MILLISECONDS = 10_000;
const MAX_TRIES = 5;

export type RepairResult =
  | { readonly result: 'right' }
  /** So much more is free than before; less, where it is negative. */
  | { readonly result: 'repaired'; readonly freed: Share }
  /** The organization was written to whenever it was counted. Pause it first. */
  | { readonly result: 'busy' }
  | { readonly result: 'unknown' };

/**
 * Counts what an organization's records hold and corrects its quota by it. Nothing is written unless nothing changed from
 * before the count to the correction.
 */
export async function repairQuota(
  { metadata, sleep }: Pick<Dependencies, 'metadata' | 'sleep'>,
  { organizationId }: { readonly organizationId: string },
): Promise<RepairResult> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const seen = await metadata.getOrganization({ organizationId });
    if (!seen) return { result: 'unknown' };
    await sleep(INDEX_LAG_MILLISECONDS);
    const counted = await metadata.countUsage({ organizationId });
    const set = await metadata.setUsage({ organizationId, seenVersion: seen.version, ...counted });
    if (set.outcome === 'unchanged') return { result: 'right' };
    if (set.outcome === 'repaired') return { result: 'repaired', freed: set.freed };
  }
  return { result: 'busy' };
}
