import { describe, expect, it } from 'vitest';
import { FULL_STAGE, resourceOf, resourcesOf, SMALL_STAGE, synthesizeStage, textOf } from './synthesize-stage.ts';

const { service } = synthesizeStage(FULL_STAGE);
const alarms = Object.values(resourcesOf(service, 'AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

/** What an alarm watches: `metric of resource`. */
function subjectOf({ MetricName, Dimensions }: (typeof alarms)[number]): string {
  const dimensions = Dimensions.map(({ Value }: { Value: unknown }) => textOf(Value));
  return `${MetricName} of ${dimensions
    .join(' ')
    .replace(/^.*ExportsOutput(FnGetAtt|Ref)/, '')
    .replace(/(QueueName)?[0-9A-F]{8}.*$/, '')}`;
}

describe('alarms', () => {
  it('ring for work laid aside or waiting, functions that fail or are held back, and an API that fails', () => {
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
      ].sort(),
    );
  });

  it('ring for the first message that is laid aside', () => {
    const laidAside = alarms.filter(({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible');
    for (const { Threshold, EvaluationPeriods } of laidAside) expect([Threshold, EvaluationPeriods]).toEqual([1, 1]);
  });

  it('say what they mean, and are sent to the topic, when they end too', () => {
    for (const { AlarmDescription, AlarmActions, OKActions, TreatMissingData } of alarms) {
      expect(AlarmDescription).toMatch(/\. .+\.$|\.$/);
      expect(AlarmActions.map(textOf)).toEqual(['AlarmsTopic3A2DFEBA']);
      expect(OKActions).toEqual(AlarmActions);
      expect(TreatMissingData).toBe('notBreaching');
    }
  });

  it('may publish to the topic, which takes nothing without TLS', () => {
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

  it('reach the mail address that the stage names', () => {
    expect(resourceOf(service, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operations@example.com',
    });
    expect(resourcesOf(synthesizeStage(SMALL_STAGE).service, 'AWS::SNS::Subscription')).toEqual({});
  });
});

describe('the dashboard', () => {
  const body = textOf(resourceOf(service, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);
  const metrics = [
    'CacheHitRate',
    'AllRequests',
    'BytesUploaded',
    'Latency',
    'Duration',
    'ApproximateNumberOfMessagesVisible',
  ];

  it.each(metrics)('shows %s', (metric) => {
    expect(body).toContain(`"${metric}"`);
  });

  it('shows every alarm', () => {
    for (const id of Object.keys(resourcesOf(service, 'AWS::CloudWatch::Alarm'))) expect(body).toContain(id);
  });
});
