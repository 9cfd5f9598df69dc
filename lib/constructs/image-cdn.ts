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
  /** A host of one's own; its certificate must be in us-east-1. @default - the host that CloudFront gives */
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
}

/** Public thumbnails at the edges of the world, and nothing else of the bucket. */
export class ImageCdn extends Construct {
  readonly distribution: Distribution;
  /** The host of the pictures' addresses. */
  readonly domainName: string;

  constructor(scope: Construct, id: string, props: ImageCdnProps) {
    super(scope, id);
    const { bucket, logs, keys, domain } = props;
    const originAccessControl = new S3OriginAccessControl(this, 'AccessControl');
    const images = this.#imagesFrom(bucket, originAccessControl);
    this.distribution = new Distribution(this, 'Distribution', {
      defaultBehavior: {
        ...images,
        // What is not a thumbnail is looked for where nothing is, and where the bucket's policy refuses it as well.
        origin: S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl, originPath: '/nothing' }),
      },
      additionalBehaviors: Object.fromEntries(keys.publicImages.map((path) => [`/${path}`, images])),
      // S3 says 403 of what is absent. A picture that was just published must not seem absent for long.
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
      'AwsSolutions-CFR1': 'Pictures of people are wanted wherever those who look at them are.',
      'AwsSolutions-CFR2': 'Six kinds of static files behind a cache: there is no request for a firewall to judge.',
      ...(!domain && {
        'AwsSolutions-CFR4': "CloudFront's own certificate fixes the protocol; with a domain it is TLS 1.2 and newer.",
      }),
    });
  }

  #imagesFrom(bucket: IBucket, originAccessControl: S3OriginAccessControl): BehaviorOptions {
    return {
      origin: S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl }),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: new CachePolicy(this, 'Cache', {
        comment: 'A picture and its version, for a day at most',
        // The version in the address is what makes a replaced picture another one.
        queryStringBehavior: CacheQueryStringBehavior.allowList('v'),
        headerBehavior: CacheHeaderBehavior.none(),
        cookieBehavior: CacheCookieBehavior.none(),
        minTtl: Duration.seconds(0),
        defaultTtl: Duration.days(1),
        maxTtl: Duration.days(1),
      }),
      responseHeadersPolicy: new ResponseHeadersPolicy(this, 'Headers', {
        comment: 'A picture is never a page',
        securityHeadersBehavior: {
          contentTypeOptions: { override: true },
          contentSecurityPolicy: { contentSecurityPolicy: "default-src 'none'; sandbox", override: true },
        },
        customHeadersBehavior: {
          customHeaders: [{ header: 'cross-origin-resource-policy', value: 'cross-origin', override: true }],
        },
        removeHeaders: ['x-amz-meta-generation'],
      }),
    };
  }
}

/** The CDN's access control admits it to the whole bucket: this takes all but the public names away again. */
function onlyPublicImages(bucket: IBucket, { publicImages }: KeySpace): PolicyStatement {
  return new PolicyStatement({
    sid: 'CdnReadsPublicImagesOnly',
    effect: Effect.DENY,
    principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
    actions: ['s3:*'],
    notResources: publicImages.map((name) => bucket.arnForObjects(name)),
  });
}
