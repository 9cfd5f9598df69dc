import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  PeriodOverride,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { MetricName } from '../../shared/metrics.ts';
import { serviceMetric } from './service-metric.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ServiceDashboardProps {
  readonly api: HttpApi;
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly queues: Readonly<Record<string, WorkQueue>>;
  readonly bucket: IBucket;
  readonly distribution: IDistribution;
  readonly alarms: readonly Alarm[];
}

const PERIOD = Duration.minutes(5);

/** The service at a glance: alarms first, then requests, uploads, functions and storage. */
export class ServiceDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ServiceDashboardProps) {
    super(scope, id);
    const { api, bucket, distribution, alarms } = props;
    const functions = Object.entries(props.functions);
    const queues = Object.entries(props.queues);
    this.dashboard = new Dashboard(this, 'Dashboard', { periodOverride: PeriodOverride.INHERIT });
    this.dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 }));
    this.dashboard.addWidgets(
      graph('Requests', [api.metricCount(), api.metricClientError(), api.metricServerError()]),
      graph('Latency of the API (ms)', [
        api.metricLatency({ statistic: 'p50' }),
        api.metricLatency({ statistic: 'p99' }),
      ]),
      graph(
        'Messages waiting',
        queues.map(([label, { queue }]) => queue.metricApproximateNumberOfMessagesVisible({ label })),
      ),
    );
    const measured = (name: MetricName, statistic: string) => serviceMetric(this, name, { period: PERIOD, statistic });
    this.dashboard.addWidgets(
      graph('Uploads', [
        measured('UploadsReady', 'Sum'),
        measured('UploadsRejected', 'Sum'),
        measured('UploadsSuperseded', 'Sum'),
        measured('UploadsExpired', 'Sum'),
        measured('UploadsRedriven', 'Sum'),
        measured('UploadsDeferred', 'Sum'),
        measured('SweepFailures', 'Sum'),
      ]),
      graph('From bytes to the picture (ms)', [measured('ReadyLatency', 'p50'), measured('ReadyLatency', 'p95')]),
      graph('How late the sweep is (ms)', [measured('SweepLag', 'Maximum')]),
    );
    this.dashboard.addWidgets(
      graph(
        'Calls of functions',
        functions.map(([label, one]) => one.metricInvocations({ label })),
      ),
      graph(
        'Their errors',
        functions.map(([label, one]) => one.metricErrors({ label })),
      ),
      graph(
        'Their duration (p99, ms)',
        functions.map(([label, one]) => one.metricDuration({ label, statistic: 'p99' })),
      ),
    );
    this.dashboard.addWidgets(
      graph('Requests of the bucket', [
        requestsOf(bucket, 'AllRequests'),
        requestsOf(bucket, '4xxErrors'),
        requestsOf(bucket, '5xxErrors'),
      ]),
      graph('Bytes of the bucket', [requestsOf(bucket, 'BytesUploaded'), requestsOf(bucket, 'BytesDownloaded')]),
      graph('Hit rate of the CDN (%)', [hitRateOf(distribution)], 'us-east-1'),
    );
  }
}

function graph(title: string, left: IMetric[], region?: string): GraphWidget {
  return new GraphWidget({ title, left, period: PERIOD, width: 8, ...(region !== undefined && { region }) });
}

/** A metric of the bucket's request metrics filter, `all`. */
function requestsOf(bucket: IBucket, metricName: string): Metric {
  const dimensionsMap = { BucketName: bucket.bucketName, FilterId: 'all' };
  return new Metric({ namespace: 'AWS/S3', metricName, dimensionsMap, statistic: 'Sum', period: PERIOD });
}

/** CloudFront's metrics are in us-east-1, in whatever region the distribution was created. */
function hitRateOf(distribution: IDistribution): Metric {
  return new Metric({
    namespace: 'AWS/CloudFront',
    metricName: 'CacheHitRate',
    dimensionsMap: { DistributionId: distribution.distributionId, Region: 'Global' },
    statistic: 'Average',
    period: PERIOD,
    region: 'us-east-1',
  });
}
