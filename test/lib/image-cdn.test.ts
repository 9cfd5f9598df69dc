import { describe, expect, it } from 'vitest';
import { FULL_STAGE, resourceOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const PUBLIC_NAMES = ['small.webp', 'small.jpg', 'medium.webp', 'medium.jpg', 'large.webp', 'large.jpg'];

const stages = [
  { about: 'with a key prefix', prefix: 'team/files/', ...synthesizeStage(FULL_STAGE) },
  { about: 'without one', prefix: '', ...synthesizeStage(SMALL_STAGE) },
];

describe.each(stages)('the CDN $about', ({ prefix, storage }) => {
  const { DistributionConfig: cdn } = resourceOf(storage, 'AWS::CloudFront::Distribution').Properties;
  const { Statement: statements } = resourceOf(storage, 'AWS::S3::BucketPolicy', 'StorageFiles').Properties
    .PolicyDocument;
  const originOf = ({ TargetOriginId }: { TargetOriginId: string }) =>
    cdn.Origins.find(({ Id }: { Id: string }) => Id === TargetOriginId);

  it('serves six whole file names', () => {
    expect(cdn.CacheBehaviors.map(({ PathPattern }: { PathPattern: string }) => PathPattern)).toEqual(
      PUBLIC_NAMES.map((name) => `/${prefix}avatars/*/${name}`),
    );
    for (const behavior of cdn.CacheBehaviors) expect(originOf(behavior).OriginPath).toBeUndefined();
  });

  it('requests everything else below a prefix without objects', () => {
    expect(originOf(cdn.DefaultCacheBehavior).OriginPath).toBe('/nothing');
  });

  /** As CloudFront and IAM match: `*` is any text, with slashes in it, too; the rest is literal and case-sensitive. */
  const isPublic = (key: string) =>
    cdn.CacheBehaviors.some(({ PathPattern }: { PathPattern: string }) => {
      const parts = PathPattern.split('*').map((part) => part.replaceAll(/[.?+^$()[\]{}|\\/]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}$`, 's').test(`/${prefix}${key}`);
    });

  it.each([
    'avatars/users/ada/0f8fad5b/small.webp',
    'avatars/users/small.x/0f8fad5b/medium.jpg',
    'avatars/agents/original.png/0f8fad5b/large.webp',
    // The files of an adopted tree have no folder of their own.
    'avatars/agents/bot-1/large.jpg',
  ])('reaches the thumbnail %s', (key) => {
    expect(isPublic(key)).toBe(true);
  });

  it.each([
    'avatars/users/ada/0f8fad5b/original.png',
    'avatars/users/small.x/0f8fad5b/original.png',
    'avatars/users/small.webp/0f8fad5b/original.png',
    'avatars/users/ada/small.webp/original.jpg',
    'avatars/users/ada/0f8fad5b/small.webp/original.jpg',
    'avatars/users/ada/0f8fad5b/original.webp',
    'avatars/users/ada/0f8fad5b/xsmall.webp',
    'avatars/small.webp',
    'attachments/2026/11/0f8fad5b.webp',
    'previews/2026/11/small.webp',
    'temp/uploads/small.webp',
  ])('does not reach %s', (key) => {
    expect(isPublic(key)).toBe(false);
  });

  it('is denied everything but these names by the bucket policy', () => {
    const { NotResource, ...denied } = statements.find(({ NotResource: names }: { NotResource?: unknown }) => names);
    expect(denied).toEqual({
      Sid: 'CdnReadsPublicImagesOnly',
      Effect: 'Deny',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Action: 's3:*',
    });
    expect(NotResource.map(textOf)).toEqual(
      PUBLIC_NAMES.map((name) => `StorageFiles48C02C92.Arn/${prefix}avatars/*/${name}`),
    );
  });

  it('is granted reads only, and only to this distribution', () => {
    const admitted = statements.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(admitted).toHaveLength(1);
    expect(admitted[0].Action).toBe('s3:GetObject');
    expect(textOf(admitted[0].Condition.StringEquals['AWS:SourceArn'])).toMatch(
      /distribution\/CdnDistribution149FA6C8$/,
    );
    for (const origin of cdn.Origins) expect(textOf(origin.OriginAccessControlId)).toBe('CdnAccessControl2EC39FBD.Id');
  });

  it('caches for five seconds that an image is absent', () => {
    expect(cdn.CustomErrorResponses).toEqual([{ ErrorCode: 403, ErrorCachingMinTTL: 5 }]);
  });

  it('caches the versions of an image separately, none longer than a day', () => {
    const { CachePolicyConfig } = resourceOf(storage, 'AWS::CloudFront::CachePolicy').Properties;
    expect(CachePolicyConfig).toMatchObject({
      MinTTL: 0,
      DefaultTTL: 86_400,
      MaxTTL: 86_400,
      ParametersInCacheKeyAndForwardedToOrigin: {
        QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: ['v'] },
        CookiesConfig: { CookieBehavior: 'none' },
        HeadersConfig: { HeaderBehavior: 'none' },
      },
    });
  });

  it('serves images that no browser sniffs or runs, without the header of release 0.1', () => {
    const { ResponseHeadersPolicyConfig } = resourceOf(storage, 'AWS::CloudFront::ResponseHeadersPolicy').Properties;
    expect(ResponseHeadersPolicyConfig).toMatchObject({
      SecurityHeadersConfig: {
        ContentTypeOptions: { Override: true },
        ContentSecurityPolicy: { ContentSecurityPolicy: "default-src 'none'; sandbox", Override: true },
      },
      CustomHeadersConfig: {
        Items: [{ Header: 'cross-origin-resource-policy', Value: 'cross-origin', Override: true }],
      },
      RemoveHeadersConfig: { Items: [{ Header: 'x-amz-meta-generation' }] },
    });
    for (const behavior of [cdn.DefaultCacheBehavior, ...cdn.CacheBehaviors]) {
      expect(textOf(behavior.ResponseHeadersPolicyId)).toMatch(/^CdnHeaders/);
      expect(behavior.ViewerProtocolPolicy).toBe('redirect-to-https');
    }
  });

  it('writes its access log to the same bucket as the file bucket', () => {
    expect(textOf(cdn.Logging.Bucket)).toBe('StorageLogs2A2D4D26.RegionalDomainName');
  });
});

it('has a custom domain, with TLS 1.2 or later, where the stage configures one', () => {
  const { DistributionConfig } = resourceOf(
    stages[0]?.storage ?? expect.fail(),
    'AWS::CloudFront::Distribution',
  ).Properties;
  expect(DistributionConfig.Aliases).toEqual(['images.example.com']);
  expect(DistributionConfig.ViewerCertificate).toMatchObject({
    AcmCertificateArn: FULL_STAGE.cdnDomain.certificateArn,
    MinimumProtocolVersion: 'TLSv1.2_2021',
  });
});
