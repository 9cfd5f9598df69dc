import { type Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRICS_NAMESPACE, type MetricName } from '../../shared/metrics.ts';

/** How a metric is aggregated: over which period, by which statistic (`Sum`, `Maximum`, `p95`). */
export interface MetricView {
  readonly period: Duration;
  readonly statistic: string;
}

/** A metric that the functions of this stack record. */
export function serviceMetric(scope: Construct, metricName: MetricName, view: MetricView): Metric {
  const dimensionsMap = { service: serviceNameOf(scope) };
  return new Metric({ namespace: METRICS_NAMESPACE, metricName, dimensionsMap, ...view });
}

/** The name of the service in logs and metrics. No two stages of a region have a stack of the same name. */
export function serviceNameOf(scope: Construct): string {
  return Stack.of(scope).stackName;
}
