import { vi } from 'vitest';
import { createPowertoolsMetrics } from '../../../functions/aws/powertools-metrics.ts';
import type { MetricValues } from '../../../shared/metrics.ts';

/** A line of the log that CloudWatch takes metrics from (CloudWatch user guide, "Embedded metric format"). */
export interface EmbeddedMetrics {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  /** Values of metrics and dimensions. */
  readonly [name: string]: unknown;
}

/** What a function of that name writes to its standard output for each record. */
export function embeddedMetricsOf(service: string, records: readonly MetricValues[]): EmbeddedMetrics[] {
  const written: string[] = [];
  const output = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', service);
  try {
    const metrics = createPowertoolsMetrics();
    for (const values of records) metrics.record(values);
  } finally {
    vi.unstubAllEnvs();
    output.mockRestore();
  }
  return written.map((line) => JSON.parse(line));
}
