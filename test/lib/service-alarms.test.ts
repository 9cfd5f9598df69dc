import { describe, expect, it } from 'vitest';
import { METRICS, type MetricName } from '../../shared/metrics.ts';
import { embeddedMetricsOf } from '../functions/aws/embedded-metrics.ts';
import { FULL_STAGE, resourceOf, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { service } = synthesizeStage(FULL_STAGE);
const alarms = Object.values(resourcesOf(service, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
const dashboard = textOf(resourceOf(service, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);
/** What the functions call themselves, by their environment. */
const SERVICE: string = resourceOf(service, 'AWS::Lambda::Function', 'Maintenance').Properties.Environment.Variables
  .POWERTOOLS_SERVICE_NAME;

/** What an alarm watches: `metric of resource`, or the name of what it calculates. */
function subjectOf({ MetricName, Dimensions, Metrics }: (typeof alarms)[number]): string {
  if (Metrics) return Metrics[0].Label;
  const dimensions = Dimensions.map(({ Value }: { Value: unknown }) => textOf(Value));
  return `${MetricName} of ${dimensions
    .join(' ')
    .replace(/^.*ExportsOutput(FnGetAtt|Ref)/, '')
    .replace(/(QueueName)?[0-9A-F]{8}.*$/, '')}`;
}

/** The value of an expression of CloudWatch's that JavaScript reads as well. */
function evaluate(expression: string, values: Readonly<Record<string, number>>): number {
  const choose = (condition: boolean, yes: number, no: number) => (condition ? yes : no);
  return new Function('IF', ...Object.keys(values), `return ${expression};`)(choose, ...Object.values(values));
}

describe('alarms', () => {
  it('cover dead letters and backlogs, failing functions, a failing API, rejected and late uploads, late sweeps, and work that keeps failing', () => {
    const functions = ['PublicApiFunction', 'ApiFunction', 'ProcessUploadFunction', 'MaintenanceFunction'];
    expect(alarms.map(subjectOf).sort()).toEqual(
      [
        'ApproximateNumberOfMessagesVisible of UploadsDeadLetters',
        'ApproximateNumberOfMessagesVisible of MaintenanceDeadLetters',
        'ApproximateAgeOfOldestMessage of UploadsQueue',
        'ApproximateAgeOfOldestMessage of MaintenanceQueue',
        ...functions.map((id) => `Errors of ${id}`),
        ...functions.map((id) => `Throttles of ${id}`),
        '5xx of ApiHttpApi',
        'Rejected (%)',
        `ReadyLatency of ${SERVICE}`,
        `SweepLag of ${SERVICE}`,
        `UploadsDeferred of ${SERVICE}`,
        `SweepFailures of ${SERVICE}`,
      ].sort(),
    );
  });

  it('go off for the first message in a dead-letter queue', () => {
    const laidAside = alarms.filter(({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible');
    for (const { Threshold, EvaluationPeriods } of laidAside) expect([Threshold, EvaluationPeriods]).toEqual([1, 1]);
  });

  it('go off when uploads or due work have been failing for two hours, long before an upload is given up', () => {
    const failing = alarms.filter(({ MetricName }) => /^(UploadsDeferred|SweepFailures)$/.test(MetricName));
    for (const { Period, EvaluationPeriods, Threshold } of failing) {
      expect([Period * EvaluationPeriods, Threshold]).toEqual([7200, 1]);
    }
    expect(failing).toHaveLength(2);
  });

  it('have a description, and notify the topic when they begin and when they end', () => {
    for (const { AlarmDescription, AlarmActions, OKActions } of alarms) {
      expect(AlarmDescription).toMatch(/\. .+\.$|\.$/);
      expect(AlarmActions.map(textOf)).toEqual(['AlarmsTopic3A2DFEBA']);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it('treat missing data as fine, except for the sweep, which runs each minute', () => {
    const ringing = alarms.filter(({ TreatMissingData }) => TreatMissingData !== 'notBreaching');
    expect(ringing.map(({ MetricName, TreatMissingData }) => [MetricName, TreatMissingData])).toEqual([
      ['SweepLag', 'breaching'],
    ]);
  });

  it.each([
    ['is silent about nine, all bad', 0, 9, false],
    ['is silent about four of ten', 6, 4, false],
    ['rings for five of ten', 5, 5, true],
    ['rings for ten of ten', 0, 10, true],
    ['is silent about a third of many', 67, 33, false],
    ['is silent about none at all', 0, 0, false],
  ])('the alarm of rejections %s', (_, ready, rejected, rings) => {
    const { Metrics, Threshold } = alarms.find((alarm) => alarm.Metrics !== undefined);
    expect(evaluate(Metrics[0].Expression, { ready, rejected }) >= Threshold).toBe(rings);
  });

  it('may publish to the topic, which requires TLS', () => {
    const { Statement } = resourceOf(service, 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(Statement).toContainEqual({
      Sid: 'Alarms',
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: { Ref: 'AlarmsTopic3A2DFEBA' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });

  it('are sent to the e-mail address of the stage', () => {
    expect(resourceOf(service, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operations@example.com',
    });
    expect(resourcesOf(synthesizeStage(SMALL_STAGE).service, 'AWS::SNS::Subscription')).toEqual({});
  });
});

describe('metrics of the service', () => {
  /** Each as `namespace, name, dimension, value`, of what a function really writes with the environment it is given. */
  const written = Object.keys(METRICS).map((name) => {
    const [line] = embeddedMetricsOf(SERVICE, [{ [name as MetricName]: 1 }]);
    const [embedded] = line?._aws.CloudWatchMetrics ?? [];
    const [dimension = ''] = embedded?.Dimensions.flat() ?? [];
    return [embedded?.Namespace, embedded?.Metrics[0]?.Name, dimension, line?.[dimension]];
  });
  const watched = alarms
    .flatMap(
      ({ Metrics, ...single }) => Metrics?.map((one: (typeof alarms)[number]) => one.MetricStat?.Metric) ?? single,
    )
    .filter((metric) => metric && !metric.Namespace.startsWith('AWS/'))
    .map(({ Namespace, MetricName, Dimensions: [{ Name, Value }] }) => [Namespace, MetricName, Name, Value]);

  it('have alarms under the names that the functions record', () => {
    expect(watched.map(([, name]) => name).sort()).toEqual([
      'ReadyLatency',
      'SweepFailures',
      'SweepLag',
      'UploadsDeferred',
      'UploadsReady',
      'UploadsRejected',
    ]);
    for (const one of watched) expect(written).toContainEqual(one);
  });

  it.each(written)('%s %s has an alarm or is in the dashboard', (...one) => {
    const isWatched = watched.some((other) => String(other) === String(one));
    expect(isWatched || dashboard.includes(JSON.stringify(one).slice(1, -1))).toBe(true);
  });
});

describe('the dashboard', () => {
  const metrics = [
    'CacheHitRate',
    'AllRequests',
    'BytesUploaded',
    'Latency',
    'Duration',
    'ApproximateNumberOfMessagesVisible',
  ];

  it.each(metrics)('shows %s', (metric) => {
    expect(dashboard).toContain(`"${metric}"`);
  });

  it('shows every alarm', () => {
    for (const id of Object.keys(resourcesOf(service, 'AWS::CloudWatch::Alarm'))) expect(dashboard).toContain(id);
  });
});
