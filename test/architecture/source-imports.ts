import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** One import or re-export of a source file. */
export interface SourceImport {
  /** The importing file, from the root: `shared/api/dispatch.ts`. */
  readonly from: string;
  /** A file of the project from the root, or a package: `shared/errors.ts`, `node:crypto`, `@middy/core`. */
  readonly to: string;
  /** `never`: a type, erased when the program runs. `on demand`: `import(…)`, even where it only names a type. */
  readonly loaded: 'at start' | 'on demand' | 'never';
}

const ROOT = join(import.meta.dirname, '../..');
const COMMENT = /^\s*(?:\/\/.*$|\/\*[\s\S]*?\*\/)/gm;
const STATEMENT = /^(?:import|export)\s(?<type>type\s)?(?:[^'"]*?\sfrom\s)?['"](?<to>[^'"]+)['"](?:;|\swith\s)/gms;
const CALL = /(?<![.\w])import\(\s*(?:['"](?<to>[^'"]+)['"]\s*[,)])?/g;

/** Every import written in the program's own files (tests aside). */
export function sourceImports(): SourceImport[] {
  const files = globSync('{bin,lib,functions,shared}/**/*.{ts,mjs}', { cwd: ROOT });
  return files.map(normalize).flatMap((from) => importsIn(from, readFileSync(join(ROOT, from), 'utf8')));
}

/**
 * Every import written in the text of the file `from`.
 * @throws RangeError for an `import(…)` of what only the running program knows: no rule could be held against it.
 */
export function importsIn(from: string, text: string): SourceImport[] {
  const code = text.replace(COMMENT, '');
  const statements = [...code.matchAll(STATEMENT)].map(({ groups }) => {
    return { from, to: moduleOf(from, groups?.to ?? ''), loaded: groups?.type ? 'never' : 'at start' } as const;
  });
  const calls = [...code.matchAll(CALL)].map(({ groups }) => {
    if (groups?.to === undefined) throw new RangeError(`${from}: import() must name its module by a plain string`);
    return { from, to: moduleOf(from, groups.to), loaded: 'on demand' } as const;
  });
  return [...statements, ...calls];
}

/** `zod/mini` -> `zod`, `@middy/core/x` -> `@middy/core`; built-in modules keep their whole name. */
function moduleOf(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
