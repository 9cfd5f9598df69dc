import type { Config } from '../../shared/config.ts';
import type { StageConfig } from '../stage-config.ts';
import type { ServiceResources } from './function-rights.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** The service's variables, under the names that shared/config.ts reads. */
export type FunctionEnvironment = Readonly<Partial<Record<keyof Config, string>>>;

export interface EnvironmentProps {
  readonly config: StageConfig;
  readonly resources: ServiceResources;
  /** The host of the image URLs. */
  readonly cdnDomain: string;
  /** Where clients reach the API, without a final slash. */
  readonly baseUrl: string;
  readonly claimNames: TokenIssuer['claimNames'];
}

/** The environment of every function. All read the same configuration. Lambda sets AWS_REGION. */
export function functionEnvironment(props: EnvironmentProps): FunctionEnvironment {
  const { config, resources, cdnDomain, baseUrl, claimNames } = props;
  const { limits, bucketPath, agentBinding } = config;
  return {
    STORAGE_BACKEND: 's3',
    S3_BUCKET_NAME: resources.bucket.bucketName,
    ...(bucketPath !== '' && { S3_BUCKET_PATH: bucketPath }),
    METADATA_TABLE_NAME: resources.table.tableName,
    UPLOAD_QUEUE_URL: resources.uploadsQueue.queueUrl,
    MAINTENANCE_QUEUE_URL: resources.maintenanceQueue.queueUrl,
    CLOUDFRONT_DOMAIN: cdnDomain,
    CLOUDFRONT_DISTRIBUTION_ID: resources.distribution.distributionId,
    LINK_SECRET_ARN: resources.linkSecretArn,
    PUBLIC_BASE_URL: baseUrl,
    SUBJECT_CLAIM: claimNames.subject,
    ORGANIZATION_CLAIM: claimNames.organization,
    ROLES_CLAIM: claimNames.roles,
    AGENT_BINDING: agentBinding,
    AVATAR_MAX_BYTES: `${limits.avatarMaxBytes}`,
    ATTACHMENT_MAX_BYTES: `${limits.attachmentMaxBytes}`,
    ATTACHMENT_TYPES: config.attachmentTypes.join(','),
    MULTIPART_THRESHOLD: `${limits.multipartThreshold}`,
    STRIP_MAX_BYTES: `${limits.stripMaxBytes}`,
    ORGANIZATION_BYTES: `${limits.organizationBytes}`,
    ORGANIZATION_FILES: `${limits.organizationFiles}`,
    OPEN_UPLOADS_PER_USER: `${limits.openUploadsPerUser}`,
    SENT_UPLOADS_PER_USER: `${limits.sentUploadsPerUser}`,
    GIVE_UP_HOURS: `${limits.giveUpHours}`,
  };
}
