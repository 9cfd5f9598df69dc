import { Duration, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { serviceMetric } from './service-metric.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ServiceAlarmsProps {
  readonly api: HttpApi;
  /** By the first part of the names of their alarms. */
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly queues: Readonly<Record<string, WorkQueue>>;
  /** Where alarms are sent. @default - nowhere; they are shown in the dashboard */
  readonly email?: string | undefined;
}

interface Watch {
  readonly metric: IMetric;
  /** The alarm goes off when this is reached. */
  readonly threshold: number;
  /** What it means and where to look first. */
  readonly description: string;
  /** Consecutive periods that must reach the threshold. @default 1 */
  readonly periods?: number;
  /** @default - not breaching: without messages or calls there is no data */
  readonly missing?: TreatMissingData;
}

const FIVE_MINUTES = Duration.minutes(5);
const QUARTER_HOUR = Duration.minutes(15);

/**
 * Alarms for dead letters and backlogs, functions that fail or are throttled, an API that fails, uploads that are
 * rejected or late, a sweep that does not keep up, and uploads or due work that keep failing.
 */
export class ServiceAlarms extends Construct {
  readonly topic: Topic;
  readonly alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, { api, functions, queues, email }: ServiceAlarmsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { displayName: 'Unified File Storage alarms', enforceSSL: true });
    this.#admitAlarms();
    if (email !== undefined) this.#tellBy(new EmailSubscription(email));
    for (const [name, queue] of Object.entries(queues)) this.#watchQueue(name, queue);
    for (const [name, one] of Object.entries(functions)) this.#watchFunction(name, one);
    this.#watch('HttpApi-Fails', {
      metric: api.metricServerError({ period: FIVE_MINUTES, statistic: 'Sum' }),
      threshold: 5,
      description: 'The API responds with 5xx. Look for the requestId of its access log in the logs of the functions.',
    });
    this.#watchUploads();
    this.#watchSweep();
    this.#watchFailures();
  }

  #tellBy(mail: EmailSubscription): void {
    const reason = 'A lost mail is not sent again: the alarm is shown in the dashboard.';
    acknowledge(this.topic.addSubscription(mail), { 'Serverless-SNSRedrivePolicy': reason });
  }

  /** A topic with a policy of its own loses the default one, which lets alarms of its account publish. */
  #admitAlarms(): void {
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  #watchQueue(name: string, { queue, deadLetters }: WorkQueue): void {
    this.#watch(`${name}-LaidAside`, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      threshold: 1,
      description: `Messages of the ${name} queue failed five times. Find the cause in the log, then redrive them.`,
    });
    this.#watch(`${name}-Waits`, {
      metric: queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      threshold: 900,
      description: `The oldest message of the ${name} queue is 15 minutes old. Its function fails, or is too slow.`,
    });
  }

  #watchFunction(name: string, one: IFunction): void {
    this.#watch(`${name}-Fails`, {
      metric: one.metricErrors({ period: FIVE_MINUTES }),
      threshold: 1,
      periods: 2,
      description: `The function ${name} fails: an error, a timeout or too little memory. See its log.`,
    });
    this.#watch(`${name}-Throttled`, {
      metric: one.metricThrottles({ period: FIVE_MINUTES }),
      threshold: 1,
      periods: 2,
      description: `The function ${name} is throttled: the account has no concurrency left.`,
    });
  }

  #watchUploads(): void {
    const count = { period: QUARTER_HOUR, statistic: 'Sum' };
    const ready = serviceMetric(this, 'UploadsReady', count);
    const rejected = serviceMetric(this, 'UploadsRejected', count);
    // Some are always rejected: people send files that are no images. Half of ten or more is a broken client, an
    // attack, or a fault of the service. Every upload records both metrics, so where one has data so has the other.
    this.#watch('Uploads-Rejected', {
      metric: new MathExpression({
        label: 'Rejected (%)',
        expression: 'IF(ready + rejected >= 10, 100 * rejected / (ready + rejected), 0)',
        usingMetrics: { ready, rejected },
        period: QUARTER_HOUR,
      }),
      threshold: 50,
      description: 'At least half of the uploads are rejected. Look for their codes in the log of process-upload.',
    });
    // Seconds are usual, but S3 may take a minute to send an event. A single upload whose event was lost, found by the
    // sweep an hour later, is the p95 of one quiet period, but not of three in a row.
    this.#watch('Uploads-Late', {
      metric: serviceMetric(this, 'ReadyLatency', { period: FIVE_MINUTES, statistic: 'p95' }),
      threshold: 60_000,
      periods: 3,
      description:
        'Uploads are ready a minute late or more. Look at the uploads queue, then at the duration of process-upload.',
    });
  }

  /** What has been failing for hours. An upload that fails for a day is rejected, so these must go off long before. */
  #watchFailures(): void {
    const view = { period: Duration.hours(1), statistic: 'Sum' };
    // Retries come at longer and longer intervals, up to an hour: so each hour of an outage has one.
    this.#watch('Uploads-Deferred', {
      metric: serviceMetric(this, 'UploadsDeferred', view),
      threshold: 1,
      periods: 2,
      description: 'Uploads have been failing for more than an hour. See the warnings in the log of process-upload.',
    });
    this.#watch('Sweep-Failures', {
      metric: serviceMetric(this, 'SweepFailures', view),
      threshold: 1,
      periods: 2,
      description: 'Due work has been failing for more than an hour. See the errors in the log of maintenance.',
    });
  }

  /** A sweep runs each minute and records how late it is. 15 minutes: 15 runs did not reach an item, or none ran. */
  #watchSweep(): void {
    this.#watch('Sweep-Late', {
      metric: serviceMetric(this, 'SweepLag', { period: FIVE_MINUTES, statistic: 'Maximum' }),
      threshold: QUARTER_HOUR.toMilliseconds(),
      periods: 2,
      description:
        'Due work has been waiting for 15 minutes, or no sweep ran. See the log of maintenance, then its schedule.',
      // Every run records it, even 0. In a new stage the alarm is on until the first run.
      missing: TreatMissingData.BREACHING,
    });
  }

  #watch(id: string, watch: Watch): void {
    const { metric, threshold, description, periods = 1, missing = TreatMissingData.NOT_BREACHING } = watch;
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      alarmDescription: description,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.alarms.push(alarm);
  }
}
