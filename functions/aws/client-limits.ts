/**
 * How long the SDK's clients wait; S3's has limits of its own, because bodies take their time. A connection that falls
 * silent must fail inside the time limit of the function, 5 s for the public API, so that the failure has a name and can
 * be tried again.
 */
export const CLIENT_LIMITS = {
  maxAttempts: 3,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 1000, requestTimeout: 1200, throwOnRequestTimeout: true },
} as const;
