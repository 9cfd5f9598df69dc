import { type Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRICS_NAMESPACE, type MetricName } from '../../shared/metrics.ts';

/** How a metric is summed up: over which time, and to which number (`Sum`, `Maximum`, `p95`). */
export interface MetricView {
  readonly period: Duration;
  readonly statistic: string;
}

/** What the functions of this stack record under a name. */
export function serviceMetric(scope: Construct, metricName: MetricName, view: MetricView): Metric {
  const dimensionsMap = { service: serviceNameOf(scope) };
  return new Metric({ namespace: METRICS_NAMESPACE, metricName, dimensionsMap, ...view });
}

/** What the functions call themselves in logs and metrics. No two stages of a region share the name of a stack. */
export function serviceNameOf(scope: Construct): string {
  return Stack.of(scope).stackName;
}
