import {
  CloudFrontClient,
  CloudFrontServiceException,
  CreateInvalidationCommand,
  TooManyInvalidationsInProgress,
} from '@aws-sdk/client-cloudfront';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createCloudFrontEdgeCache } from '../../../functions/aws/cloudfront-edge-cache.ts';
import { DependencyUnavailableError } from '../../../shared/errors.ts';
import { avatarPrefix } from '../../../shared/storage/object-keys.ts';

const ada = avatarPrefix({ entityType: 'users', entityId: 'ada' });

const cloudFront = mockClient(CloudFrontClient);
beforeEach(() => {
  cloudFront.reset();
});
afterAll(() => cloudFront.restore());

function edgeCache({ keyPrefix = '', distributionId = 'E1' } = {}) {
  let ids = 0;
  const newId = () => `id-${++ids}`;
  return createCloudFrontEdgeCache({ region: 'eu-central-1', distributionId, keyPrefix, newId });
}

/** What was asked of CloudFront, in order. */
function sent() {
  return cloudFront.commandCalls(CreateInvalidationCommand).map(({ args: [command] }) => command.input);
}

function avatars(count: number): string[] {
  return Array.from({ length: count }, (_, at) => avatarPrefix({ entityType: 'agents', entityId: `a${at}` }));
}

describe('an invalidation', () => {
  it.each<[string, string, string[], string[]]>([
    ['one avatar, with every version of its addresses', '', [ada], ['/avatars/users/ada/*']],
    ['one avatar below the key prefix', 'tenants/a/', [ada], ['/tenants/a/avatars/users/ada/*']],
    ['an id as it stands in an address', 'a b/', ['avatars/users/a|d+a/'], ['/a%20b/avatars/users/a%7Cd%2Ba/*']],
    ['15 avatars one by one', '', avatars(15), avatars(15).map((prefix) => `/${prefix}*`)],
    ['more than 15 avatars as all of them', '', avatars(16), ['/avatars/*']],
    ['more than 15 avatars below the key prefix as all of them there', 'b/', avatars(16), ['/b/avatars/*']],
  ])('covers %s', async (_what, keyPrefix, prefixes, Items) => {
    expect(await edgeCache({ keyPrefix }).invalidate(prefixes)).toBe('accepted');
    const InvalidationBatch = { CallerReference: 'id-1', Paths: { Quantity: Items.length, Items } };
    expect(sent()).toEqual([{ DistributionId: 'E1', InvalidationBatch }]);
  });

  it('has a new caller reference each time: with an old one CloudFront would do nothing', async () => {
    const cache = edgeCache();
    await cache.invalidate([ada]);
    await cache.invalidate([ada]);
    expect(sent().map(({ InvalidationBatch }) => InvalidationBatch?.CallerReference)).toEqual(['id-1', 'id-2']);
  });

  it('has nothing to do where there is no CDN', async () => {
    expect(await edgeCache({ distributionId: '' }).invalidate([ada])).toBe('accepted');
    expect(cloudFront.calls()).toEqual([]);
  });

  it('reports that CloudFront is busy when too many are in progress, and does not retry', async () => {
    cloudFront.rejects(new TooManyInvalidationsInProgress({ message: 'staged', $metadata: { httpStatusCode: 400 } }));
    expect(await edgeCache().invalidate([ada])).toBe('busy');
    expect(cloudFront.calls()).toHaveLength(1);
  });

  it.each([
    serviceFault('Throttling', 400),
    serviceFault('AccessDenied', 403),
    serviceFault('NoSuchDistribution', 404),
    serviceFault('ServiceUnavailable', 503),
    Object.assign(new Error('silence'), { name: 'TimeoutError' }),
    Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
  ])('that fails is reported as unavailable, and is sent once: %s', async (cause) => {
    cloudFront.rejects(cause);
    const error = await edgeCache()
      .invalidate([ada])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailableError);
    expect(error).toMatchObject({ code: 'dependency_unavailable', retryable: true, cause });
    expect(cloudFront.calls()).toHaveLength(1);
  });
});

function serviceFault(name: string, httpStatusCode: number): Error {
  return new CloudFrontServiceException({ name, message: 'staged', $fault: 'client', $metadata: { httpStatusCode } });
}
