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

  it('serves six names, each in whole', () => {
    expect(cdn.CacheBehaviors.map(({ PathPattern }: { PathPattern: string }) => PathPattern)).toEqual(
      PUBLIC_NAMES.map((name) => `/${prefix}avatars/*/${name}`),
    );
    for (const behavior of cdn.CacheBehaviors) expect(originOf(behavior).OriginPath).toBeUndefined();
  });

  it('looks for all else where nothing is', () => {
    expect(originOf(cdn.DefaultCacheBehavior).OriginPath).toBe('/nothing');
  });

  it('is refused all but these names by the bucket', () => {
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

  it('is admitted as this distribution only, and to read', () => {
    const admitted = statements.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
    expect(admitted).toHaveLength(1);
    expect(admitted[0].Action).toBe('s3:GetObject');
    expect(textOf(admitted[0].Condition.StringEquals['AWS:SourceArn'])).toMatch(
      /distribution\/CdnDistribution149FA6C8$/,
    );
    for (const origin of cdn.Origins) expect(textOf(origin.OriginAccessControlId)).toBe('CdnAccessControl2EC39FBD.Id');
  });

  it('forgets an absent picture after five seconds', () => {
    expect(cdn.CustomErrorResponses).toEqual([{ ErrorCode: 403, ErrorCachingMinTTL: 5 }]);
  });

  it('tells versions of a picture apart, and keeps none longer than a day', () => {
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

  it('hands out pictures that no page can run or be fooled by, and no number of ours', () => {
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

  it('writes its access log beside that of the bucket', () => {
    expect(textOf(cdn.Logging.Bucket)).toBe('StorageLogs2A2D4D26.RegionalDomainName');
  });
});

it('has a host of its own, with TLS 1.2 and newer, where the stage says so', () => {
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
