import { defineConfig } from 'vitest/config';
import { reasonToLeaveOutEngines } from './test/engines/tool-chains.ts';
import { LongestFirst } from './test/longest-first.ts';

const leftOut = reasonToLeaveOutEngines(process.env);
if (leftOut) console.warn(`Tests on real engines (*.engine.test.ts) are left out: ${leftOut}.`);

const timeouts = { testTimeout: 30_000, hookTimeout: 30_000 };

/** The tests of the other projects. */
const OTHER_PROJECTS = ['test/acceptance/**', 'test/rehearsal/**', 'test/**/*.engine.test.ts'];

/**
 * The tests of the `components` project; `unit` runs all others. Add a test here if it starts a process or a server, if
 * it needs a worker of its own (see `isolate` below), or if it is slow: all of `unit` takes less than 20 s of CPU time.
 */
const COMPONENTS = [
  // Run commands, kill processes, bundle functions, or synthesize the stacks.
  'test/{bin,crash,docs,lib}/**/*.test.ts',
  'test/readme.test.ts',
  'test/metadata/sqlite/{connection,schema-*}.test.ts',
  // Run scenarios, random histories, and a fault at every call.
  'test/scenarios/**/*.test.ts',
  // Explore schedules of concurrent tasks.
  'test/schedules/**/*.test.ts',
  'test/metadata/transitions/{decisive-fields,stale-reads}.test.ts',
  // Start a process or the local server, or send requests to its routes.
  'test/functions/local/{hanging-images,local-mode,owner-lock,server,transfer-*,unwritable-layout}.test.ts',
  'test/storage/{local/local-,prefixed-}*.test.ts',
  'test/memory/memory-storage.test.ts',
  'test/functions/rendering/*.test.ts',
  // Load the AWS SDK and mock its client classes.
  'test/**/{aws,dynamodb,s3}/**/*.test.ts',
  // Decode and encode many images, some of them large or hostile.
  'test/images/{hostile-files,inspect,preview,real-images,strip-*,thumbnails}.test.ts',
  'test/images/containers/**/*.test.ts',
  'test/images/profiles/decoded-*.test.ts',
];

/** The fast tests, for every edit: `npm run test:unit` and `npm run test:watch`. */
const unit = {
  test: {
    ...timeouts,
    name: 'unit',
    include: ['test/**/*.test.ts'],
    exclude: [...OTHER_PROJECTS, ...COMPONENTS],
    // Test files that run in the same worker share its modules and globals, which halves the CPU time. So a unit test
    // must not mock a module or a class, and must restore every spy, environment variable and fake timer.
    isolate: false,
    maxWorkers: '100%',
    benchmark: { include: [] },
  },
};

/** The slow tests that need nothing but Node. */
const components = {
  test: {
    ...timeouts,
    name: 'components',
    include: COMPONENTS,
    exclude: OTHER_PROJECTS,
    maxWorkers: '100%',
    benchmark: { include: ['test/bench/*.bench.ts'] },
  },
};

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
  test: {
    name: 'acceptance-on-engines',
    globalSetup: ['../engines/acceptance-target.ts'],
    maxWorkers: 4,
    sequence: { groupOrder: 2 },
  },
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
    sequence: { groupOrder: 3 },
    benchmark: { include: [] },
  },
};

export default defineConfig({
  test: {
    // A deployment is taken away again at the end.
    teardownTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      unit,
      components,
      'test/acceptance/vitest.config.ts',
      ...(leftOut ? [] : [engines, acceptanceOnEngines, rehearsal]),
    ],
  },
});
