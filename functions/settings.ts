import { BASE_PATH } from '../shared/api/operations.ts';
import { type Config, claimNamesOf } from '../shared/config.ts';
import type { Settings } from '../shared/dependencies.ts';

/** How long a worker may hold an upload, in seconds: also the timeout of the process-upload function. */
export const LEASE_SECONDS = 120;

/** The settings of the services. `baseUrl`: where clients reach the API, without a final slash. */
export function settingsOf(
  config: Config,
  { baseUrl, bucketName }: { readonly baseUrl: string; readonly bucketName: string },
): Settings {
  return {
    apiUrl: `${baseUrl}${BASE_PATH}`,
    claimNames: claimNamesOf(config),
    agentBinding: config.AGENT_BINDING,
    avatarMaxBytes: config.AVATAR_MAX_BYTES,
    attachments: {
      maxBytes: config.ATTACHMENT_MAX_BYTES,
      types: config.ATTACHMENT_TYPES.split(','),
      multipartThreshold: config.MULTIPART_THRESHOLD,
      stripMaxBytes: config.STRIP_MAX_BYTES,
    },
    organizationBytes: config.ORGANIZATION_BYTES,
    organizationFiles: config.ORGANIZATION_FILES,
    openUploadsPerUser: config.OPEN_UPLOADS_PER_USER,
    sentUploadsPerUser: config.SENT_UPLOADS_PER_USER,
    giveUpMilliseconds: config.GIVE_UP_HOURS * 60 * 60 * 1000,
    bucket: { name: bucketName, keyPrefix: config.S3_BUCKET_PATH === '' ? '' : `${config.S3_BUCKET_PATH}/` },
    leaseSeconds: LEASE_SECONDS,
  };
}
