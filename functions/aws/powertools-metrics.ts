import { Metrics as EmbeddedMetrics } from '@aws-lambda-powertools/metrics';
import type { Metrics } from '../../shared/dependencies.ts';
import { METRICS, METRICS_NAMESPACE, type MetricName } from '../../shared/metrics.ts';

/**
 * Values for CloudWatch as lines of the log, in its embedded metric format. Their one dimension, `service`, is
 * POWERTOOLS_SERVICE_NAME. Each record is a line of its own at once: nothing waits for the end of an invocation, which
 * may never come.
 */
export function createPowertoolsMetrics(): Metrics {
  const metrics = new EmbeddedMetrics({ namespace: METRICS_NAMESPACE });
  return {
    record(values) {
      for (const [name, value] of Object.entries(values)) metrics.addMetric(name, METRICS[name as MetricName], value);
      metrics.publishStoredMetrics();
    },
  };
}
