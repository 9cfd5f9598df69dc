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
  /** By the names that the alarms are told by. */
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly queues: Readonly<Record<string, WorkQueue>>;
  /** Where alarms are sent. @default - nowhere; they show in the dashboard */
  readonly email?: string | undefined;
}

interface Watch {
  readonly metric: IMetric;
  /** Rings when this is reached. */
  readonly threshold: number;
  /** What it means, and where to look first. */
  readonly description: string;
  /** Periods in a row that must reach the threshold. @default 1 */
  readonly periods?: number;
  /** @default - no messages and no calls: no data, and nothing to ring for */
  readonly missing?: TreatMissingData;
}

const FIVE_MINUTES = Duration.minutes(5);
const QUARTER_HOUR = Duration.minutes(15);

/**
 * What calls someone: work laid aside or waiting, functions that fail or are held back, an API that fails, pictures
 * that are refused or come late, a sweep that does not keep up.
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
      description: 'The API answered 5xx. Look for the requestId of its access log in the logs of the functions.',
    });
    this.#watchUploads();
    this.#watchSweep();
  }

  #tellBy(mail: EmailSubscription): void {
    const reason = 'A mail that did not arrive is not sent later: the alarm shows in the dashboard.';
    acknowledge(this.topic.addSubscription(mail), { 'Serverless-SNSRedrivePolicy': reason });
  }

  /** A topic that has a policy of its own loses the one by which alarms of its account may publish. */
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
      description: `The oldest message of the ${name} queue waits for 15 minutes. Its function fails, or is too slow.`,
    });
  }

  #watchFunction(name: string, one: IFunction): void {
    this.#watch(`${name}-Fails`, {
      metric: one.metricErrors({ period: FIVE_MINUTES }),
      threshold: 1,
      periods: 2,
      description: `The function ${name} fails: it threw, ran out of time or of memory. Look into its log.`,
    });
    this.#watch(`${name}-Throttled`, {
      metric: one.metricThrottles({ period: FIVE_MINUTES }),
      threshold: 1,
      periods: 2,
      description: `The function ${name} is held back by the concurrency that the account has left.`,
    });
  }

  #watchUploads(): void {
    const count = { period: QUARTER_HOUR, statistic: 'Sum' };
    const ready = serviceMetric(this, 'UploadsReady', count);
    const rejected = serviceMetric(this, 'UploadsRejected', count);
    // Some are always refused: people send what is no picture. Half of ten or more is a client with a defect, an
    // attack, or a fault of ours. Each end records both metrics, so that where one has data the other has, too.
    this.#watch('Uploads-Rejected', {
      metric: new MathExpression({
        label: 'Rejected (%)',
        expression: 'IF(ready + rejected >= 10, 100 * rejected / (ready + rejected), 0)',
        usingMetrics: { ready, rejected },
        period: QUARTER_HOUR,
      }),
      threshold: 50,
      description: 'Half of the uploads or more are rejected. Look for their codes in the log of process-upload.',
    });
    // Usual are seconds, but S3 may take a minute to tell of an object. An event that was lost, and found by the sweep
    // an hour later, is the p95 of a quiet period; of three in a row it is not.
    this.#watch('Uploads-Late', {
      metric: serviceMetric(this, 'ReadyLatency', { period: FIVE_MINUTES, statistic: 'p95' }),
      threshold: 60_000,
      periods: 3,
      description:
        'Pictures come a minute late or more. Look at the uploads queue, then at how long process-upload runs.',
    });
  }

  /** A sweep begins each minute and says how late it is: 15 minutes are 15 runs that left one item, or never came. */
  #watchSweep(): void {
    this.#watch('Sweep-Late', {
      metric: serviceMetric(this, 'SweepLag', { period: FIVE_MINUTES, statistic: 'Maximum' }),
      threshold: QUARTER_HOUR.toMilliseconds(),
      periods: 2,
      description:
        'Due work waits for 15 minutes, or no sweep ran. Look into the log of maintenance, then at its schedule.',
      // Each run records it, 0 too. A new stage rings until the first one.
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
