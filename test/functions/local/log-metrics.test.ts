import { describe, expect, it } from 'vitest';
import { logMetrics } from '../../../functions/local/log-metrics.ts';
import type { MetricValues } from '../../../shared/metrics.ts';

describe('the metrics of the local server', () => {
  function logged(values: MetricValues): unknown[] {
    const lines: unknown[] = [];
    const log = { info: (...line: unknown[]) => lines.push(line), warn: () => {}, error: () => {} };
    logMetrics(log).record(values);
    return lines;
  }

  it('are lines of its log', () => {
    expect(logged({ UploadsReady: 1, ReadyLatency: 250 })).toEqual([
      ['measured', { UploadsReady: 1, ReadyLatency: 250 }],
    ]);
  });

  it('say nothing of what did not happen', () => {
    expect(logged({ UploadsReady: 0, UploadsRejected: 1 })).toEqual([['measured', { UploadsRejected: 1 }]]);
    expect(logged({ SweepLag: 0 })).toEqual([]);
  });
});
