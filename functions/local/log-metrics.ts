import type { Log, Metrics } from '../../shared/dependencies.ts';

/** Values as lines of the log. Zeros are left out: they are for alarms, and the sweep would write one each minute. */
export function logMetrics(log: Log): Metrics {
  return {
    record(values) {
      const counted = Object.entries(values).filter(([, value]) => value !== 0);
      if (counted.length > 0) log.info('measured', Object.fromEntries(counted));
    },
  };
}
