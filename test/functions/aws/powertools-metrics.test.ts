import { describe, expect, it } from 'vitest';
import { METRICS, type MetricName } from '../../../shared/metrics.ts';
import { embeddedMetricsOf } from './embedded-metrics.ts';

describe('the metrics of a function', () => {
  it('are lines of its log that CloudWatch takes values, units and one dimension from', () => {
    const before = Date.now();
    const [line] = embeddedMetricsOf('files-test', [{ UploadsReady: 1, UploadsRejected: 0, ReadyLatency: 1234.5 }]);
    expect(line).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'UnifiedFileStorage',
            Dimensions: [['service']],
            Metrics: [
              { Name: 'UploadsReady', Unit: 'Count' },
              { Name: 'UploadsRejected', Unit: 'Count' },
              { Name: 'ReadyLatency', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      service: 'files-test',
      UploadsReady: 1,
      UploadsRejected: 0,
      ReadyLatency: 1234.5,
    });
    expect(line?._aws.Timestamp).toBeGreaterThanOrEqual(before);
  });

  it('are written at once, and nothing of one record is in the next', () => {
    const lines = embeddedMetricsOf('files-test', [{ SweepLag: 0 }, { SweepLag: 60_000 }, { UploadsSuperseded: 1 }]);
    expect(lines).toMatchObject([{ SweepLag: 0 }, { SweepLag: 60_000 }, { UploadsSuperseded: 1 }]);
    expect(lines[2]).not.toHaveProperty('SweepLag');
  });

  it.each(Object.entries(METRICS))('have %s in %s', (name, unit) => {
    const [line] = embeddedMetricsOf('files-test', [{ [name as MetricName]: 7 }]);
    expect(line?._aws.CloudWatchMetrics[0]?.Metrics).toEqual([{ Name: name, Unit: unit }]);
    expect(line?.[name]).toBe(7);
  });
});
