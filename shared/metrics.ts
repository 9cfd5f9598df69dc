/**
 * What the service measures, each with its unit: the one source of these names, for the code that records them and for
 * the alarms and the dashboard that read them. CloudWatch bills by name and not by value, so there is none that neither
 * an alarm nor the dashboard shows.
 */
export const METRICS = {
  /** Ends of uploads. Each end as ready or rejected records both, one as 0: a rate needs both. */
  UploadsReady: 'Count',
  UploadsRejected: 'Count',
  UploadsSuperseded: 'Count',
  UploadsExpired: 'Count',
  /** Attempts that failed on a dependency so often that the sweep makes the next one. */
  UploadsDeferred: 'Count',
  /** From bytes that are stored (a render: from its request) to the published image. */
  ReadyLatency: 'Milliseconds',
  /** For how long the oldest due work has been waiting when a sweep begins. 0: nothing is due. */
  SweepLag: 'Milliseconds',
  /** Uploads whose event was lost, or whose worker was: the sweep sent their message again. */
  UploadsRedriven: 'Count',
  /** Due work that failed in a sweep, and is put off. */
  SweepFailures: 'Count',
} as const;

export type MetricName = keyof typeof METRICS;

/** Values of one moment. */
export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;

/** Where CloudWatch keeps them. */
export const METRICS_NAMESPACE = 'UnifiedFileStorage';
