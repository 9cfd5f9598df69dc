import { DatabaseSync } from 'node:sqlite';
import { InvalidConfigurationError } from '../../shared/errors.ts';

/** https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/**
 * Makes this process the only owner of the folder until `release`. The lock is one that the operating system drops when
 * the process dies, however it dies (an exclusive SQLite transaction), so a crash never leaves a stale lock behind, and
 * a process id that was given to somebody else is never mistaken for the owner.
 * @throws InvalidConfigurationError while another process owns it.
 */
export function lockFolder({ path, folder }: { readonly path: string; readonly folder: string }): { release(): void } {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const isLocked = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
    const why = isLocked
      ? 'is in use by another process; stop it, or choose another folder'
      : `has a lock file that cannot be used (${path}: ${(cause as Error).message}); remove it while no server runs`;
    throw new InvalidConfigurationError(`UPLOAD_DIRECTORY "${folder}" ${why}`, { cause });
  }
  return { release: () => database.close() };
}
