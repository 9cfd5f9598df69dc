import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'components',
          include: ['test/**/*.test.ts'],
          exclude: ['test/acceptance/**'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          benchmark: { include: ['test/bench/*.bench.ts'] },
        },
      },
      'test/acceptance/vitest.config.ts',
    ],
  },
});
