import { defineProject } from 'vitest/config';

/** A project of its own, because it needs a target: `vitest run --project acceptance`. */
export default defineProject({
  test: {
    name: 'acceptance',
    include: ['*.test.ts'],
    benchmark: { include: [] },
    globalSetup: ['./global-setup.ts'],
    // A deployed stack may have to start its functions first.
    testTimeout: 90_000,
    // The tests wait for the target most of the time.
    maxWorkers: '100%',
  },
});
