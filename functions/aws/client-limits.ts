/**
 * How long the SDK's clients wait, for all of them but S3's, whose bodies may take their time. A connection that falls
 * silent must fail inside the function's own time limit, so that the failure has a name and can be tried again.
 */
export const CLIENT_LIMITS = {
  maxAttempts: 3,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
} as const;
