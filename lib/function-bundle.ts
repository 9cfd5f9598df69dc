import { join } from 'node:path';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/** The functions that are deployed, each from `functions/aws/{name}.ts`. */
export const FUNCTION_NAMES = ['public-api', 'api', 'process-upload', 'maintenance'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Packages in a bundle are ES modules where they can be, which is what lets esbuild leave out what nobody calls. */
const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  // CommonJS packages in an ES module still ask for built-in modules by `require`.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  external: [
    // sharp's JavaScript goes in, its native parts stay beside the bundle: they differ by architecture.
    '@img/sharp-*',
    // In Lambda credentials come from the environment, the first link of the chain; the others are never loaded.
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-web-identity',
    '@aws-sdk/credential-provider-login',
    '@smithy/credential-provider-imds',
  ],
  logLevel: 'error',
} as const satisfies BuildOptions;

/**
 * Bundles one function into `folder` as `index.mjs`, with its source map. The same call makes what is deployed and what
 * is tested. The metafile says what is in it, and why.
 */
export function bundleFunction(name: FunctionName, folder: string): Metafile {
  const { metafile } = buildSync({
    ...OPTIONS,
    absWorkingDir: ROOT,
    entryPoints: [`functions/aws/${name}.ts`],
    outfile: join(folder, 'index.mjs'),
    metafile: true,
  });
  return metafile;
}
