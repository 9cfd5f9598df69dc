import { describe, expect, it } from 'vitest';
import { importsIn, type SourceImport, sourceImports } from './source-imports.ts';

/** What the transitions and the stores of records share. */
const RECORDS = [
  'shared/metadata/records.ts',
  'shared/metadata/record-store.ts',
  'shared/metadata/record-keys.ts',
  'shared/metadata/quota.ts',
  'shared/metadata/list-position.ts',
];

/**
 * Who may import whom. Imports run one way, so that a port never learns of its adapters, a service never of the cloud,
 * and a type never ties a knot. A file belongs to the longest prefix that fits it.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'shared/errors.ts': [],
  'shared/metrics.ts': [],
  'shared/config.ts': ['shared/errors.ts', 'zod'],
  'shared/images/': [
    'shared/errors.ts',
    'sharp',
    'thumbhash',
    '@dicebear/core',
    '@dicebear/identicon',
    '@dicebear/initials',
    'node:zlib',
  ],
  'shared/storage/': ['shared/errors.ts', 'shared/images/formats.ts'],
  'shared/storage/local/': ['shared/errors.ts', 'shared/storage/', 'shared/images/formats.ts', 'node:'],
  'shared/storage/s3/': [
    'shared/errors.ts',
    'shared/storage/',
    '@aws-sdk/client-s3',
    '@aws-sdk/s3-request-presigner',
    '@aws-sdk/s3-presigned-post',
    '@aws-sdk/core',
    'node:stream',
    'node:timers/promises',
  ],
  'shared/metadata/': [
    'shared/metadata/transitions/',
    'shared/errors.ts',
    'shared/images/formats.ts',
    'shared/storage/object-keys.ts',
  ],
  'shared/metadata/transitions/': [
    ...RECORDS,
    'shared/metadata/record-access.ts',
    'shared/metadata/kept-metadata.ts',
    'shared/metadata/retention.ts',
    'shared/errors.ts',
    'shared/images/formats.ts',
    'shared/storage/object-keys.ts',
  ],
  // No store knows a rule of the lifecycle.
  'shared/metadata/sqlite/': [
    'shared/errors.ts',
    ...RECORDS,
    'shared/storage/object-keys.ts',
    'shared/images/formats.ts',
    'node:sqlite',
  ],
  'shared/metadata/dynamodb/': [
    'shared/errors.ts',
    ...RECORDS,
    'shared/storage/object-keys.ts',
    'shared/images/formats.ts',
    '@aws-sdk/client-dynamodb',
    '@aws-sdk/lib-dynamodb',
    'node:crypto',
    'node:util',
    'node:timers/promises',
  ],
  'shared/access/': ['shared/errors.ts', 'shared/metadata/', 'shared/storage/object-keys.ts', 'node:crypto'],
  'shared/api/': [
    'shared/errors.ts',
    'shared/access/',
    'shared/metadata/records.ts',
    'shared/images/formats.ts',
    'shared/images/image-limits.ts',
    'shared/storage/object-keys.ts',
    'shared/storage/link-window.ts',
    'zod',
  ],
  'shared/dependencies.ts': [
    'shared/access/',
    'shared/metadata/',
    'shared/storage/',
    'shared/images/',
    'shared/metrics.ts',
  ],
  'shared/avatars/': [
    'shared/dependencies.ts',
    'shared/access/',
    'shared/metadata/',
    'shared/storage/',
    'shared/images/',
    'shared/errors.ts',
    'shared/api/schemas.ts',
  ],
  'shared/attachments/': [
    'shared/dependencies.ts',
    'shared/api/attachment-schemas.ts',
    'shared/access/',
    'shared/metadata/',
    'shared/storage/',
    'shared/images/',
    'shared/errors.ts',
    'content-disposition',
    'file-type',
    'p-map',
    'node:crypto',
  ],
  'shared/organizations/': [
    'shared/dependencies.ts',
    'shared/api/attachment-schemas.ts',
    'shared/access/',
    'shared/metadata/',
  ],
  'shared/uploads/': [
    'shared/avatars/',
    'shared/attachments/',
    'shared/dependencies.ts',
    'shared/api/',
    'shared/access/',
    'shared/metadata/',
    'shared/storage/',
    'shared/images/',
    'shared/errors.ts',
    'node:crypto',
  ],
  'shared/maintenance/': [
    'shared/avatars/',
    'shared/uploads/clean-up.ts',
    'p-map',
    'shared/dependencies.ts',
    'shared/metadata/',
    'shared/storage/',
    'shared/errors.ts',
  ],
  'functions/': [
    'shared/uploads/',
    'shared/maintenance/',
    'shared/avatars/',
    'shared/attachments/',
    'shared/organizations/',
    'shared/dependencies.ts',
    'shared/api/',
    'shared/access/',
    'shared/metadata/record-store.ts',
    'shared/metadata/records.ts',
    'shared/storage/object-keys.ts',
    'shared/errors.ts',
    '@middy/core',
    '@middy/http-json-body-parser',
    'aws-lambda',
    'shared/config.ts',
  ],
  'functions/rendering/': [
    'shared/dependencies.ts',
    'shared/images/render-jobs.ts',
    'shared/images/renderer.ts',
    'shared/errors.ts',
    'node:child_process',
    'node:fs',
    'node:net',
    'node:worker_threads',
  ],
  'functions/aws/': [
    'functions/',
    'functions/rendering/',
    'shared/',
    'node:crypto',
    'node:timers/promises',
    '@aws-sdk/client-dynamodb',
    '@aws-sdk/client-sqs',
    '@aws-sdk/client-cloudfront',
    '@aws-sdk/client-secrets-manager',
    '@aws-lambda-powertools/logger',
    '@aws-lambda-powertools/metrics',
  ],
  'functions/local/': [
    'functions/',
    'functions/rendering/',
    'functions/aws/adapters.ts',
    'shared/',
    'node:',
    'jose',
    'aws-lambda',
  ],
  'lib/': [
    'shared/errors.ts',
    'shared/config.ts',
    'shared/metrics.ts',
    'shared/api/operations.ts',
    'shared/api/routes.ts',
    'shared/images/formats.ts',
    'shared/storage/object-keys.ts',
    'shared/metadata/dynamodb/table-schema.ts',
    'functions/settings.ts',
    'aws-cdk-lib',
    'constructs',
    'esbuild',
    'zod',
    'node:child_process',
    'node:fs',
    'node:path',
  ],
  'bin/app.ts': ['lib/', 'shared/errors.ts', 'aws-cdk-lib', 'cdk-nag'],
  'bin/invoke.ts': [
    'functions/local/',
    'shared/config.ts',
    'shared/errors.ts',
    '@aws-sdk/client-lambda',
    'commander',
    'node:fs',
  ],
  'bin/image-table.ts': ['shared/images/image-limits.ts'],
  'bin/openapi.ts': ['bin/image-table.ts', 'lib/stage-config.ts', 'shared/api/', 'shared/config.ts', 'node:'],
  'bin/ops.ts': [
    'functions/local/dependencies.ts',
    'shared/config.ts',
    'shared/errors.ts',
    'shared/metadata/',
    'shared/organizations/',
    'shared/storage/object-keys.ts',
    'commander',
    'node:timers/promises',
  ],
  'bin/': [
    'functions/local/',
    'shared/api/',
    'shared/config.ts',
    'shared/errors.ts',
    'commander',
    'node:',
    'shared/storage/object-keys.ts',
  ],
};

/**
 * Adapters are built in one place for each deployment; everyone else knows their ports. The table's schema is data: it
 * builds nothing.
 */
const ADAPTERS = /^shared\/(storage|metadata)\/(?!transitions\/)[^/]+\/(?!table-schema\.ts$)/;
const MAY_IMPORT_ADAPTERS = [
  'functions/aws/adapters.ts',
  'functions/local/dependencies.ts',
  'functions/local/transfer-',
];

/**
 * The image decoder runs in child processes alone: a file that hangs or kills it must not reach what serves the others.
 * It is also half of a bundle and of a cold start.
 */
const WITHOUT_SHARP = [
  ...['functions/api.ts', 'functions/public-api.ts', 'functions/maintenance.ts'],
  ...['functions/aws/process-upload.ts', 'functions/local/local-mode.ts'],
];

/**
 * What reads a client's bytes, or deletes objects. Only the worker and maintenance have the right to; IAM alone could not
 * tell a read of bytes from a look at their size, which the API needs.
 */
const TOUCHES_OBJECTS = [
  'shared/uploads/upload-source.ts',
  'shared/uploads/clean-up.ts',
  'shared/avatars/version-files.ts',
];

function longestPrefix(file: string, prefixes: readonly string[]): string | undefined {
  return prefixes.filter((prefix) => file.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
}

function isAllowed({ from, to }: SourceImport): boolean {
  const zone = longestPrefix(from, Object.keys(MAY_IMPORT));
  if (zone === undefined) return false;
  const inOwnFolder = zone.endsWith('/') && longestPrefix(to, Object.keys(MAY_IMPORT)) === zone;
  const isAdapter = ADAPTERS.test(to) && !inOwnFolder;
  if (isAdapter && !MAY_IMPORT_ADAPTERS.some((prefix) => from.startsWith(prefix))) return false;
  return inOwnFolder || MAY_IMPORT[zone]?.some((allowed) => to === allowed || isBelow(to, allowed)) === true;
}

function isBelow(to: string, allowed: string): boolean {
  return /[/:]$/.test(allowed) && to.startsWith(allowed);
}

/** The first circle of imports found from `start`, as the files along it. */
function circleFrom(start: string, graph: Map<string, string[]>, path: string[] = []): string[] | undefined {
  if (path.includes(start)) return [...path.slice(path.indexOf(start)), start];
  for (const next of graph.get(start) ?? []) {
    const circle = circleFrom(next, graph, [...path, start]);
    if (circle) return circle;
  }
  graph.set(start, []);
  return undefined;
}

function reachable(start: string, graph: Map<string, string[]>, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen;
  seen.add(start);
  for (const next of graph.get(start) ?? []) reachable(next, graph, seen);
  return seen;
}

function graphOf(imports: readonly SourceImport[]): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const { from, to } of imports) graph.set(from, [...(graph.get(from) ?? []), to]);
  return graph;
}

describe('imports', () => {
  const imports = sourceImports();

  it('are found at all', () => {
    expect(imports).toContainEqual({ from: 'bin/local.ts', to: 'shared/config.ts', loaded: 'at start' });
  });

  it('run one way, from entries over services and ports to errors', () => {
    const forbidden = imports.filter((one) => !isAllowed(one)).map(({ from, to }) => `${from} -> ${to}`);
    expect(forbidden).toEqual([]);
  });

  it('form no circle, not even by a type', () => {
    const graph = graphOf(imports);
    const circles = [...graph.keys()].map((file) => circleFrom(file, graph)).filter((circle) => circle !== undefined);
    expect(circles).toEqual([]);
  });

  it.each(WITHOUT_SHARP)('%s never loads the image decoder', (entry) => {
    const graph = graphOf(imports.filter(({ loaded }) => loaded === 'at start'));
    expect([...reachable(entry, graph)]).not.toContain('sharp');
  });

  it.each(['functions/api.ts', 'functions/public-api.ts'])(
    '%s reads no bytes that a client wrote, and deletes no object',
    (entry) => {
      const graph = graphOf(imports.filter(({ loaded }) => loaded !== 'never'));
      expect([...reachable('functions/process-upload.ts', graph)]).toEqual(expect.arrayContaining(TOUCHES_OBJECTS));
      const reached = reachable(entry, graph);
      expect(TOUCHES_OBJECTS.filter((file) => reached.has(file))).toEqual([]);
    },
  );

  it('of the types of Lambda events stay in the functions and what people run', () => {
    const importers = imports.filter(({ to }) => to === 'aws-lambda').map(({ from }) => from);
    expect(importers).toContain('functions/events.ts');
    expect(importers.filter((from) => !/^(functions|bin)\//.test(from))).toEqual([]);
  });
});

describe('the search for imports', () => {
  const found = (text: string) => importsIn('shared/a/b.ts', text).map(({ to, loaded }) => [to, loaded]);

  it.each([
    [`import { b } from '../b.ts';`, 'shared/b.ts', 'at start'],
    [`import {\n  b,\n  type C,\n} from './c.ts';`, 'shared/a/c.ts', 'at start'],
    [`import './d.ts';`, 'shared/a/d.ts', 'at start'],
    [`import sharp, { type Sharp } from 'sharp';`, 'sharp', 'at start'],
    [`import data from './data.json' with { type: 'json' };`, 'shared/a/data.json', 'at start'],
    [`export { b } from '../b.ts';`, 'shared/b.ts', 'at start'],
    [`export * from '../b.ts';`, 'shared/b.ts', 'at start'],
    [`import type { C } from '@middy/core/c';`, '@middy/core', 'never'],
    [`export type { C } from './c.ts';`, 'shared/a/c.ts', 'never'],
    [`const { b } = await import('../b.ts');`, 'shared/b.ts', 'on demand'],
    [`const b = once(async () => (await import(\n  'zod/mini',\n)).b);`, 'zod', 'on demand'],
    [`import('./data.json', { with: { type: 'json' } });`, 'shared/a/data.json', 'on demand'],
    [`type A = import('../b.ts').B;`, 'shared/b.ts', 'on demand'],
    [`let fs: typeof import("node:fs");`, 'node:fs', 'on demand'],
  ])('sees %j', (text, to, loaded) => {
    expect(found(`const first = 1;\n${text}\nconst last = 2;\n`)).toEqual([[to, loaded]]);
  });

  it.each([
    `/** Like import('x').\n * import { b } from '../b.ts';\n */`,
    `// import(name)`,
    `const here = import.meta.dirname;`,
    `loader.import(name);`,
    `reimport(name);`,
  ])('finds nothing in %j', (text) => {
    expect(found(text)).toEqual([]);
  });

  it.each([`await import(name);`, 'await import(`./c.ts`);', `await import('./' + name);`])(
    'refuses %j, which it cannot follow',
    (text) => {
      expect(() => found(text)).toThrow(RangeError);
    },
  );
});
