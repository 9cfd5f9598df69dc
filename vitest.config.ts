import { defineConfig } from 'vitest/config';
import { reasonToLeaveOutEngines } from './test/engines/tool-chains.ts';

const leftOut = reasonToLeaveOutEngines(process.env);
if (leftOut) console.warn(`Tests on real engines (*.engine.test.ts) are left out: ${leftOut}.`);

const timeouts = { testTimeout: 30_000, hookTimeout: 30_000 };

/** The S3 and DynamoDB adapters and the functions over them, on servers that are started for the run. */
const engines = {
  test: {
    // Fifty writers of one item wait for each other.
    testTimeout: 120_000,
    hookTimeout: 120_000,
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

/** The acceptance suite, and what only an account shows, against the stacks that `cdk deploy` brings up. */
const rehearsal = {
  test: {
    name: 'rehearsal',
    include: ['test/acceptance/*.test.ts', 'test/rehearsal/*.test.ts'],
    globalSetup: ['test/rehearsal/global-setup.ts'],
    setupFiles: ['test/rehearsal/setup-file.ts'],
    testTimeout: 90_000,
    // The functions run here too, each call at once in a process of its own.
    maxWorkers: 2,
    sequence: { groupOrder: 2 },
    benchmark: { include: [] },
  },
};

export default defineConfig({
  test: {
    // A deployment is taken away again at the end.
    teardownTimeout: 60_000,
    projects: [
      {
        test: {
          ...timeouts,
          name: 'components',
          include: ['test/**/*.test.ts'],
          exclude: ['test/acceptance/**', 'test/rehearsal/**', 'test/**/*.engine.test.ts'],
          benchmark: { include: ['test/bench/*.bench.ts'] },
        },
      },
      'test/acceptance/vitest.config.ts',
      ...(leftOut ? [] : [engines, acceptanceOnEngines, rehearsal]),
    ],
  },
});
