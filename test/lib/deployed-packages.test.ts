import { mkdtemp, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction, FUNCTION_NAMES, type FunctionName } from '../../lib/function-bundle.ts';

/** In Lambda credentials come from the environment: these links of the chain are asked for by what never runs there. */
const NEVER_LOADED = /^@(aws-sdk|smithy)\/credential-provider-/;

describe('what is deployed with a bundle', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deployed-packages-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function packagesAskedFor(name: FunctionName): string[] {
    const { outputs } = bundleFunction(name, join(folder, name));
    const asked = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
    return asked.map(({ path }) => path).filter((path) => !isBuiltin(path) && !NEVER_LOADED.test(path));
  }

  it.each(FUNCTION_NAMES)('%s loads no package that is not deployed', (name) => {
    const beside = name === 'process-upload' ? /^@img\/sharp-/ : /^(?!)/;
    expect(packagesAskedFor(name).filter((path) => !beside.test(path))).toEqual([]);
  });

  it('process-upload loads the native packages of sharp, which cannot be bundled', () => {
    expect(packagesAskedFor('process-upload').length).toBeGreaterThan(0);
  });
});
