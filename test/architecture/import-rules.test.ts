import { describe, expect, it } from 'vitest';
import { type SourceImport, sourceImports } from './source-imports.ts';

/**
 * Who may import whom. Imports run one way, so that a port never learns of its adapters, a service never of the cloud,
 * and a type never ties a knot. A file belongs to the longest prefix that fits it.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'shared/errors.ts': [],
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
  'shared/metadata/': ['shared/errors.ts', 'shared/images/formats.ts', 'shared/storage/object-keys.ts'],
  'shared/metadata/sqlite/': [
    'shared/errors.ts',
    'shared/metadata/',
    'shared/storage/object-keys.ts',
    'shared/images/formats.ts',
    'node:sqlite',
  ],
  'shared/access/': ['shared/errors.ts', 'shared/metadata/', 'shared/storage/object-keys.ts'],
  'shared/api/': [
    'shared/errors.ts',
    'shared/access/',
    'shared/metadata/records.ts',
    'shared/images/formats.ts',
    'shared/storage/object-keys.ts',
    'zod',
  ],
  'shared/dependencies.ts': ['shared/access/', 'shared/metadata/', 'shared/storage/'],
  'shared/avatars/': [
    'shared/dependencies.ts',
    'shared/access/',
    'shared/metadata/',
    'shared/storage/',
    'shared/images/',
    'shared/errors.ts',
  ],
  'shared/uploads/': [
    'shared/avatars/',
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
    'shared/dependencies.ts',
    'shared/metadata/',
    'shared/storage/',
    'shared/errors.ts',
  ],
  'functions/': [
    'shared/uploads/',
    'shared/maintenance/',
    'shared/avatars/',
    'shared/dependencies.ts',
    'shared/api/',
    'shared/access/',
    'shared/metadata/records.ts',
    'shared/storage/object-keys.ts',
    'shared/errors.ts',
    '@middy/core',
    '@middy/http-json-body-parser',
    'aws-lambda',
  ],
  'functions/local/': ['functions/', 'shared/', 'node:', 'jose', 'aws-lambda'],
  'bin/': ['functions/local/', 'shared/api/', 'shared/config.ts', 'shared/errors.ts', 'commander', 'node:'],
};

/** Adapters are built in one place for each deployment; everyone else knows their ports. */
const ADAPTERS = /^shared\/(storage|metadata)\/[^/]+\//;
const MAY_IMPORT_ADAPTERS = ['functions/local/dependencies.ts', 'functions/local/transfer-'];

/** Every Lambda but the one that renders stays without the image decoder: it is half of a bundle and of a cold start. */
const WITHOUT_SHARP = ['functions/api.ts', 'functions/public-api.ts', 'functions/maintenance.ts'];

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
    expect(imports).toContainEqual({ from: 'bin/local.ts', to: 'shared/config.ts', typeOnly: false });
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
    const graph = graphOf(imports.filter(({ typeOnly }) => !typeOnly));
    expect([...reachable(entry, graph)]).not.toContain('sharp');
  });
});
