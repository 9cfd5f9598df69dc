import type { DatabaseSync } from 'node:sqlite';
import { InvalidConfigurationError } from '../../errors.ts';
import { ATTACHMENT_TABLES, COLUMN_TABLES } from './steps/column-tables.ts';
import { moveIntoDocuments } from './steps/move-into-documents.ts';

/**
 * Creates the tables in an empty database and brings those of an older release up to date, with all that they hold; an
 * up-to-date one is left alone.
 * @throws InvalidConfigurationError if a newer version of the product wrote it. Nothing has been changed then.
 */
export function prepareSchema(database: DatabaseSync, path: string): void {
  refuseNewer(database, path);
  // Not inside the transaction: the journal mode cannot change there.
  database.exec('PRAGMA journal_mode = WAL');
  if (versionOf(database) === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  // Both again: between the first look and the lock another process may have done it.
  refuseNewer(database, path);
  for (const step of STEPS.slice(versionOf(database))) step(database);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec('COMMIT');
}

function refuseNewer(database: DatabaseSync, path: string): void {
  const version = versionOf(database);
  if (version <= SCHEMA_VERSION) return;
  throw new InvalidConfigurationError(
    `the database "${path}" has schema version ${version}, written by a newer release; this one knows ` +
      `${SCHEMA_VERSION}. Run the newer release, or choose another UPLOAD_DIRECTORY`,
  );
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

/**
 * Each step makes the schema of its number, which is stored in `PRAGMA user_version`, out of the one before. A step that
 * was released is never changed: add another one. Only what is searched needs one; any other field is only in documents.
 */
const STEPS: readonly ((database: DatabaseSync) => void)[] = [
  (database) => database.exec(COLUMN_TABLES),
  (database) => database.exec(ATTACHMENT_TABLES),
  moveIntoDocuments,
];

const SCHEMA_VERSION = STEPS.length;
