import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What the engines need of a machine; everything else is fetched from package registries. */
const NEEDED = {
  python3: 'the S3 engine, the deploy rehearsal, the template linter and the image decoder',
  perl: 'the metadata reader',
  java: 'the DynamoDB engine',
  mvn: 'the DynamoDB engine',
} as const;

/**
 * Why the tests that need engines are left out, or undefined when they run. With ENGINES=required they always do, and
 * fail where something is missing.
 */
export function reasonToLeaveOutEngines(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.ENGINES === 'required') return undefined;
  const folders = (environment.PATH ?? '').split(delimiter);
  const missing = Object.entries(NEEDED).filter(
    ([command]) => !folders.some((folder) => existsSync(join(folder, command))),
  );
  if (missing.length === 0) return undefined;
  return missing.map(([command, engine]) => `${engine} needs ${command}, which is not on PATH`).join('; ');
}
