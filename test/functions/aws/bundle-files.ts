import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFunction, type FunctionName } from '../../../lib/function-bundle.ts';

const NATIVE_PARTS = new URL('../../../node_modules/@img', import.meta.url).pathname;

/** Bundles a function as it is deployed, with sharp's native parts for this machine beside it; the handler's file. */
export async function bundleForThisMachine(name: FunctionName, folder: string): Promise<string> {
  bundleFunction(name, folder);
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(NATIVE_PARTS, join(folder, 'node_modules/@img'));
  return join(folder, 'index.mjs');
}
