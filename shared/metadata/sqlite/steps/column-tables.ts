/*
 * The first two steps of the schema: one column for each field. They are never changed, because databases that they made
 * exist. Instants are ISO-8601 text, which sorts; `crop`, `image`, `attachment` and `details` are JSON.
 */

export const COLUMN_TABLES = `
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
) STRICT;`;

/** Attachments. Their uploads are for no avatar, so three columns may be empty now, which takes a new table. */
export const ATTACHMENT_TABLES = `
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
  WHERE contextId IS NOT NULL;`;
