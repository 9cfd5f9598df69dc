import { join } from 'node:path';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');

/** The functions that are deployed, each from `functions/aws/{name}.ts`. */
export const FUNCTION_NAMES = ['public-api', 'api', 'process-upload', 'maintenance'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Packages are bundled as ES modules where possible, so that esbuild can leave out unused code. */
const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  // CommonJS packages in an ES module still load built-in modules by `require`.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  external: [
    // sharp's JavaScript is bundled; its native packages, which differ by architecture, are deployed beside the bundle.
    '@img/sharp-*',
    // In Lambda, credentials come from the environment, the first provider of the chain; the others are never loaded.
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-web-identity',
    '@aws-sdk/credential-provider-login',
    '@smithy/credential-provider-imds',
  ],
  logLevel: 'error',
} as const satisfies BuildOptions;

/** The module that process-upload starts as a child process: the only one that contains the image decoder. */
const RENDER_CHILD = { 'render-child': 'functions/rendering/render-child.ts' };

/**
 * Bundles one function into `folder` as `index.mjs`, with its source map, and beside the worker `render-child.mjs`.
 * Deployments and tests use the same call. The metafile says what each bundle contains, and why.
 */
export function bundleFunction(name: FunctionName, folder: string): Metafile {
  const { metafile } = buildSync({
    ...OPTIONS,
    absWorkingDir: ROOT,
    entryPoints: { index: `functions/aws/${name}.ts`, ...(name === 'process-upload' && RENDER_CHILD) },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    metafile: true,
  });
  return metafile;
}
