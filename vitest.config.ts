import { defineConfig } from 'vitest/config';
import { reasonToLeaveOutEngines } from './test/engines/tool-chains.ts';

const leftOut = reasonToLeaveOutEngines(process.env);
if (leftOut) console.warn(`Tests on real engines (*.engine.test.ts) are left out: ${leftOut}.`);

const timeouts = { testTimeout: 30_000, hookTimeout: 30_000 };

/** The S3 and DynamoDB adapters and the functions over them, on servers that are started for the run. */
const engines = {
  test: {
    ...timeouts,
    name: 'engines',
    include: ['test/**/*.engine.test.ts'],
    globalSetup: ['test/engines/global-setup.ts'],
    // The S3 engine looks once a second for who holds a key: most of the time the tests wait.
    maxWorkers: 6,
    sequence: { groupOrder: 1 },
    benchmark: { include: [] },
  },
};

/** The same acceptance suite against local mode with STORAGE_BACKEND=s3. */
const acceptanceOnEngines = {
  extends: './test/acceptance/vitest.config.ts',
  root: './test/acceptance',
  test: { name: 'acceptance-on-engines', globalSetup: ['../engines/acceptance-target.ts'] },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...timeouts,
          name: 'components',
          include: ['test/**/*.test.ts'],
          exclude: ['test/acceptance/**', 'test/**/*.engine.test.ts'],
          benchmark: { include: ['test/bench/*.bench.ts'] },
        },
      },
      'test/acceptance/vitest.config.ts',
      ...(leftOut ? [] : [engines, acceptanceOnEngines]),
    ],
  },
});
