import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** One import or re-export of a source file. */
export interface SourceImport {
  /** The importing file, from the root: `shared/api/dispatch.ts`. */
  readonly from: string;
  /** A file of the project from the root, or a package: `shared/errors.ts`, `node:crypto`, `@middy/core`. */
  readonly to: string;
  /** Erased when the program runs. */
  readonly typeOnly: boolean;
}

const ROOT = join(import.meta.dirname, '../..');
const STATEMENT = /^(?:import|export)\s(?<type>type\s)?(?:[^'"]*?\sfrom\s)?['"](?<to>[^'"]+)['"];/gms;

/** Every import written in the program's own files (tests aside). */
export function sourceImports(): SourceImport[] {
  const files = globSync('{bin,lib,functions,shared}/**/*.{ts,mjs}', { cwd: ROOT });
  return files.map((file) => normalize(file)).flatMap(importsOf);
}

function importsOf(from: string): SourceImport[] {
  const text = readFileSync(join(ROOT, from), 'utf8');
  return [...text.matchAll(STATEMENT)].map(({ groups }) => {
    const to = groups?.to ?? '';
    const isFile = to.startsWith('.');
    return { from, to: isFile ? join(dirname(from), to) : packageName(to), typeOnly: groups?.type !== undefined };
  });
}

/** `zod/mini` -> `zod`, `@middy/core/x` -> `@middy/core`; built-in modules keep their whole name. */
function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
