import { Duration } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  type BehaviorOptions,
  CacheCookieBehavior,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  HttpVersion,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { KeySpace } from './key-space.ts';

export interface ImageCdnProps {
  readonly bucket: IBucket;
  readonly logs: IBucket;
  readonly keys: KeySpace;
  /** A custom domain; its certificate must be in us-east-1. @default - the domain of the distribution */
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
}

/** Serves public thumbnails from CloudFront, and nothing else of the bucket. */
export class ImageCdn extends Construct {
  readonly distribution: Distribution;
  /** The host of the image URLs. */
  readonly domainName: string;

  constructor(scope: Construct, id: string, props: ImageCdnProps) {
    super(scope, id);
    const { bucket, logs, keys, domain } = props;
    const originAccessControl = new S3OriginAccessControl(this, 'AccessControl');
    const images = this.#imagesFrom(bucket, originAccessControl);
    this.distribution = new Distribution(this, 'Distribution', {
      defaultBehavior: {
        ...images,
        // Anything but a thumbnail is requested below a prefix without objects, which the bucket policy denies as well.
        origin: S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl, originPath: '/nothing' }),
      },
      additionalBehaviors: Object.fromEntries(keys.publicImages.map((path) => [`/${path}`, images])),
      // S3 responds 403 for an absent object. A new image must not seem absent for long.
      errorResponses: [{ httpStatus: 403, ttl: Duration.seconds(5) }],
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(domain && {
        domainNames: [domain.name],
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
        certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
      }),
      enableLogging: true,
      logBucket: logs,
      logFilePrefix: 'cloudfront/',
      publishAdditionalMetrics: true,
    });
    this.domainName = domain?.name ?? this.distribution.distributionDomainName;
    bucket.addToResourcePolicy(onlyPublicImages(bucket, keys));
    acknowledge(this.distribution, {
      'AwsSolutions-CFR1': 'Avatars are shown in every country.',
      'AwsSolutions-CFR2': 'Six kinds of static files behind a cache: a firewall has nothing to filter.',
      ...(!domain && {
        'AwsSolutions-CFR4': "CloudFront's own certificate sets the protocol; a custom domain requires TLS 1.2.",
      }),
    });
  }

  #imagesFrom(bucket: IBucket, originAccessControl: S3OriginAccessControl): BehaviorOptions {
    return {
      origin: S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl }),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: new CachePolicy(this, 'Cache', {
        comment: 'An image and its version, for a day at most',
        // The version in the URL separates an image from the one that it replaced.
        queryStringBehavior: CacheQueryStringBehavior.allowList('v'),
        headerBehavior: CacheHeaderBehavior.none(),
        cookieBehavior: CacheCookieBehavior.none(),
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.days(1),
        maxTtl: Duration.days(1),
      }),
      responseHeadersPolicy: new ResponseHeadersPolicy(this, 'Headers', {
        comment: 'An image is never a page',
        securityHeadersBehavior: {
          contentTypeOptions: { override: true },
          contentSecurityPolicy: { contentSecurityPolicy: "default-src 'none'; sandbox", override: true },
        },
        customHeadersBehavior: {
          customHeaders: [{ header: 'cross-origin-resource-policy', value: 'cross-origin', override: true }],
        },
        // Thumbnails that release 0.1 wrote have it.
        removeHeaders: ['x-amz-meta-generation'],
      }),
    };
  }
}

/** The CDN's origin access control grants it the whole bucket. This denies everything but the public names. */
function onlyPublicImages(bucket: IBucket, { publicImages }: KeySpace): PolicyStatement {
  return new PolicyStatement({
    sid: 'CdnReadsPublicImagesOnly',
    effect: Effect.DENY,
    principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
    actions: ['s3:*'],
    notResources: publicImages.map((name) => bucket.arnForObjects(name)),
  });
}
