import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { bundleFunction, type FunctionName } from './function-bundle.ts';
import { type Architecture, nativeSharp } from './native-sharp.ts';

/** Below the packages, so that it is removed with them; `npm run synth` writes it again. */
const FOLDER = join(import.meta.dirname, '../node_modules/.cache/functions');

/** The code that is deployed as a function. */
export type CodeOf = (name: FunctionName) => Code;

/** Each function's bundle; beside the worker's, the native packages of sharp for the functions' architecture. */
export function bundledCode(architecture: Architecture): CodeOf {
  return (name) => {
    const folder = join(FOLDER, name);
    rmSync(folder, { recursive: true, force: true });
    bundleFunction(name, folder);
    if (name === 'process-upload') {
      cpSync(nativeSharp(architecture), join(folder, 'node_modules'), { recursive: true });
    }
    return Code.fromAsset(folder);
  };
}

/** Placeholder code, where only the templates matter (`--context bundle=false`). */
export const withoutCode: CodeOf = (name) => Code.fromInline(`// ${name} was not bundled\n`);
