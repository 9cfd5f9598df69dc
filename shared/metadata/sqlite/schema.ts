import type { DatabaseSync } from 'node:sqlite';
import { InvalidConfigurationError } from '../../errors.ts';

/**
 * Creates the tables in an empty database and brings those of an older release up to date, with all that they hold; an
 * up-to-date one is left alone.
 * @throws InvalidConfigurationError if a newer version of the product wrote it. Nothing has been changed then.
 */
export function prepareSchema(database: DatabaseSync, path: string): void {
  refuseNewer(database, path);
  // Not inside the transaction: the journal mode cannot change there.
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('BEGIN IMMEDIATE');
  // Read again: between the first look and the lock another process may have done it.
  const missing = STEPS.slice(versionOf(database));
  for (const step of missing) database.exec(step);
  if (missing.length > 0) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
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
 * Each step makes a schema of its number, which stands in `PRAGMA user_version`, out of the one before. A step that was
 * released is never changed: add another one.
 *
 * Columns are named as the fields of the records they hold. Instants are ISO-8601 text, which sorts. Whatever takes
 * part in a condition is a column; the rest (`crop`, `image`, `attachment`, `details`) is JSON. `expiresAt` is when
 * removeExpired may take a row.
 */
const STEPS = [
  `
CREATE TABLE uploads (
  uploadId TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  organizationId TEXT NOT NULL,
  ownerId TEXT NOT NULL,
  entityType TEXT NOT NULL,
  entityId TEXT NOT NULL,
  generation INTEGER NOT NULL,
  crop TEXT,
  key TEXT,
  method TEXT,
  contentType TEXT,
  contentLength INTEGER,
  checksumSha256 TEXT,
  urlExpiresAt TEXT,
  acceptUntil TEXT,
  status TEXT NOT NULL,
  code TEXT,
  attempts INTEGER NOT NULL,
  leaseId TEXT,
  leaseUntil TEXT,
  eTag TEXT,
  createdAt TEXT NOT NULL,
  finishedAt TEXT,
  workAt TEXT,
  expiresAt TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX uploadsDue ON uploads (workAt) WHERE workAt IS NOT NULL;
CREATE INDEX uploadsExpiring ON uploads (expiresAt) WHERE expiresAt IS NOT NULL;

CREATE TABLE avatars (
  entityType TEXT NOT NULL,
  entityId TEXT NOT NULL,
  organizationId TEXT NOT NULL,
  ownerId TEXT,
  generation INTEGER NOT NULL,
  latestUploadId TEXT,
  claimedGeneration INTEGER NOT NULL,
  readyGeneration INTEGER NOT NULL,
  deletedGeneration INTEGER NOT NULL,
  chargedBytes INTEGER NOT NULL,
  image TEXT,
  purge TEXT,
  workAt TEXT,
  expiresAt TEXT,
  PRIMARY KEY (entityType, entityId)
) STRICT, WITHOUT ROWID;
CREATE INDEX avatarsDue ON avatars (workAt) WHERE workAt IS NOT NULL;
CREATE INDEX avatarsExpiring ON avatars (expiresAt) WHERE expiresAt IS NOT NULL;

CREATE TABLE organizations (
  organizationId TEXT PRIMARY KEY,
  bytesLimit INTEGER NOT NULL,
  bytesFree INTEGER NOT NULL,
  filesLimit INTEGER NOT NULL,
  filesFree INTEGER NOT NULL,
  openUploads INTEGER NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE owners (
  organizationId TEXT NOT NULL,
  ownerId TEXT NOT NULL,
  openUploads INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (organizationId, ownerId)
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
  keyDigest TEXT PRIMARY KEY,
  requestDigest TEXT NOT NULL,
  uploadId TEXT NOT NULL,
  expiresAt TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requestsExpiring ON requests (expiresAt);

CREATE TABLE switches (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  uploadsPaused INTEGER NOT NULL,
  reason TEXT
) STRICT;`,

  // Attachments. Their uploads are for no avatar, so three columns may be empty now, which takes a new table.
  `
ALTER TABLE uploads RENAME TO formerUploads;
CREATE TABLE uploads (
  uploadId TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  organizationId TEXT NOT NULL,
  ownerId TEXT NOT NULL,
  entityType TEXT,
  entityId TEXT,
  generation INTEGER,
  crop TEXT,
  key TEXT,
  method TEXT,
  contentType TEXT,
  contentLength INTEGER,
  checksumSha256 TEXT,
  urlExpiresAt TEXT,
  acceptUntil TEXT,
  status TEXT NOT NULL,
  code TEXT,
  attempts INTEGER NOT NULL,
  leaseId TEXT,
  leaseUntil TEXT,
  eTag TEXT,
  createdAt TEXT NOT NULL,
  finishedAt TEXT,
  workAt TEXT,
  expiresAt TEXT,
  attachment TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO uploads SELECT *, NULL FROM formerUploads;
DROP TABLE formerUploads;
CREATE INDEX uploadsDue ON uploads (workAt) WHERE workAt IS NOT NULL;
CREATE INDEX uploadsExpiring ON uploads (expiresAt) WHERE expiresAt IS NOT NULL;

CREATE TABLE attachments (
  fileId TEXT PRIMARY KEY,
  organizationId TEXT NOT NULL,
  ownerId TEXT NOT NULL,
  contextId TEXT,
  status TEXT NOT NULL,
  draft INTEGER NOT NULL,
  visibility TEXT NOT NULL,
  contentType TEXT NOT NULL,
  chargedBytes INTEGER NOT NULL,
  createdAt TEXT NOT NULL,
  workAt TEXT,
  details TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachmentsDue ON attachments (workAt) WHERE workAt IS NOT NULL;
CREATE INDEX attachmentsOfOrganization ON attachments (organizationId, createdAt, fileId);
CREATE INDEX attachmentsOfOwner ON attachments (organizationId, ownerId, createdAt, fileId);
CREATE INDEX attachmentsOfContext ON attachments (organizationId, contextId, createdAt, fileId)
  WHERE contextId IS NOT NULL;`,
];

const SCHEMA_VERSION = STEPS.length;
