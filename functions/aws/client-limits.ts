/**
 * How long the SDK's clients wait; S3's has limits of its own, because bodies may take long. A silent connection must
 * fail within the timeout of the function, 5 s for the public API, so that the failure is reported and can be retried.
 */
export const CLIENT_LIMITS = {
  maxAttempts: 3,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 1000, requestTimeout: 1200, throwOnRequestTimeout: true },
} as const;
