import {
  CloudFrontClient,
  CreateInvalidationCommand,
  TooManyInvalidationsInProgress,
} from '@aws-sdk/client-cloudfront';
import type { EdgeCache } from '../../shared/dependencies.ts';
import { DependencyUnavailableError } from '../../shared/errors.ts';
import { encodeKey } from '../../shared/storage/object-keys.ts';
import { CLIENT_LIMITS } from './client-limits.ts';

/** CloudFront takes longer than other services to accept a request; the maintenance function has the time. */
const SLOW_SERVICE = { ...CLIENT_LIMITS.requestHandler, requestTimeout: 10_000 };

/** CloudFront processes 15 wildcard paths at a time (developer guide, "Quotas on invalidations"). */
const MAX_WILDCARDS = 15;

export interface CloudFrontOptions {
  readonly region: string;
  /** Empty: there is no CDN, and nothing to invalidate. */
  readonly distributionId: string;
  /** Before every key in the bucket, empty or with its final slash: it is part of the CDN's paths. */
  readonly keyPrefix: string;
  readonly newId: () => string;
}

/** The objects that CloudFront has cached. A trailing `*` covers every `?v=`. */
export function createCloudFrontEdgeCache(options: CloudFrontOptions): EdgeCache {
  const { region, distributionId, keyPrefix, newId } = options;
  if (distributionId === '') return { invalidate: async () => 'accepted' };
  const client = new CloudFrontClient({ region, ...CLIENT_LIMITS, requestHandler: SLOW_SERVICE });
  return {
    async invalidate(prefixes) {
      const all = prefixes.length > MAX_WILDCARDS ? ['avatars/'] : prefixes;
      const paths = all.map((prefix) => `/${encodeKey(keyPrefix + prefix)}*`);
      try {
        await client.send(
          new CreateInvalidationCommand({
            DistributionId: distributionId,
            InvalidationBatch: { CallerReference: newId(), Paths: { Quantity: paths.length, Items: paths } },
          }),
        );
        return 'accepted';
      } catch (cause) {
        if (cause instanceof TooManyInvalidationsInProgress) return 'busy';
        throw new DependencyUnavailableError('CloudFront invalidation failed', { cause });
      }
    },
  };
}
