import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction, FUNCTION_NAMES, type FunctionName } from '../../lib/function-bundle.ts';

/** A bundle is read, parsed and evaluated at every cold start; each kilobyte is paid for by the first caller. */
const BUDGET_KILOBYTES: Record<FunctionName, number> = {
  'public-api': 480,
  api: 700,
  'process-upload': 750,
  maintenance: 900,
};

/** What must not be in a bundle, and why. */
const FORBIDDEN: Record<FunctionName, Record<string, string>> = {
  'public-api': {
    'node_modules/sharp/': 'the decoder belongs to the child of the worker alone',
    'node_modules/@aws-sdk/client-s3/': 'it signs URLs and touches no object',
    'node_modules/@aws-sdk/client-sqs/': 'it sends no message',
    'node_modules/@aws-lambda-powertools/metrics/': 'callers wait for its start; API Gateway measures requests',
    'functions/local/': 'local mode, with its token issuer',
    'node_modules/jose/': 'API Gateway verifies tokens',
  },
  api: {
    'node_modules/sharp/': 'the decoder belongs to the child of the worker alone',
    'node_modules/@aws-sdk/client-cloudfront/': 'maintenance purges',
    'node_modules/@aws-lambda-powertools/metrics/': 'callers wait for its start; API Gateway measures requests',
    'functions/local/': 'local mode, with its token issuer',
    'node_modules/jose/': 'API Gateway verifies tokens',
  },
  'process-upload': {
    'node_modules/sharp/': 'the decoder runs in a child process, which no hostile file outlasts',
    'functions/local/': 'local mode, with its token issuer',
    'node_modules/jose/': 'it sees no token',
    'node_modules/@dicebear/': 'placeholders are drawn by the public API',
  },
  maintenance: {
    'node_modules/sharp/': 'the decoder belongs to the child of the worker alone',
    'functions/local/': 'local mode, with its token issuer',
    'node_modules/jose/': 'it sees no token',
  },
};

describe('the bundle of a function', () => {
  let folder: string;
  const bundles = new Map<FunctionName, { readonly metafile: Metafile; readonly bytes: number }>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundles-'));
    for (const name of FUNCTION_NAMES) {
      const metafile = bundleFunction(name, join(folder, name));
      bundles.set(name, { metafile, bytes: (await stat(join(folder, name, 'index.mjs'))).size });
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Files that gave the bundle at least a byte. */
  function contentsOf(name: FunctionName, bundle = 'index.mjs'): string[] {
    const outputs = Object.entries(bundles.get(name)?.metafile.outputs ?? {});
    const output = outputs.find(([file]) => file.endsWith(`/${bundle}`));
    const inputs = Object.entries(output?.[1].inputs ?? {});
    return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  }

  it.each(FUNCTION_NAMES)('%s stays within its size budget', (name) => {
    expect((bundles.get(name)?.bytes ?? 0) / 1000).toBeLessThan(BUDGET_KILOBYTES[name]);
  });

  it.each(FUNCTION_NAMES)('%s contains nothing that the function does not use', (name) => {
    const contents = contentsOf(name);
    expect(contents).toContain(`functions/aws/${name}.ts`);
    for (const [path, why] of Object.entries(FORBIDDEN[name])) {
      expect(
        contents.filter((file) => file.startsWith(path)),
        why,
      ).toEqual([]);
    }
  });

  it('process-upload has beside it the bundle of its child: the decoder, and no client of AWS', () => {
    const contents = contentsOf('process-upload', 'render-child.mjs');
    expect(contents).toContain('functions/rendering/render-child.ts');
    expect(contents.filter((file) => file.startsWith('node_modules/sharp/'))).not.toEqual([]);
    expect(contents.filter((file) => /^node_modules\/@(aws|smithy)/.test(file))).toEqual([]);
  });
});
