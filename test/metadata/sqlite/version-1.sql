-- A database of schema version 1, as the release before attachments left it.
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
) STRICT;

INSERT INTO avatars VALUES ('users', 'ada', 'acme', 'ada', 2, 'pending', 1, 1, 0, 100, '{"original":{"key":"avatars/users/ada/original.png","bytes":100,"contentType":"image/png","width":64,"height":64},"crop":{"x":0.25,"y":0,"size":0.5},"sizes":{"small":{"webp":900,"jpg":1100},"medium":{"webp":900,"jpg":1100},"large":{"webp":900,"jpg":1100}},"thumbHash":"aGFzaA==","readyUploadId":"published","updatedAt":"2026-11-01T02:00:00.000Z"}', NULL, NULL, NULL);
INSERT INTO organizations VALUES ('acme', 1000, 880, 10, 8, 1, 3, 'active');
INSERT INTO owners VALUES ('acme', 'ada', 1, 'active');
INSERT INTO requests VALUES ('key', 'request', 'pending', '2026-11-02T03:00:00.000Z');
INSERT INTO switches VALUES (1, 1, 'moving');
INSERT INTO uploads VALUES ('pending', 'avatar', 'acme', 'ada', 'users', 'ada', 2, NULL, 'temp/uploads/pending', 'POST', 'image/png', 20, NULL, '2026-11-01T04:00:00.000Z', '2026-11-01T05:00:00.000Z', 'pending', NULL, 0, NULL, NULL, NULL, '2026-11-01T03:00:00.000Z', NULL, '2026-11-01T05:00:00.000Z', NULL);
INSERT INTO uploads VALUES ('published', 'avatar', 'acme', 'ada', 'users', 'ada', 1, '{"x":0.25,"y":0,"size":0.5}', 'temp/uploads/published', 'PUT', 'image/png', 100, NULL, '2026-11-01T02:00:00.000Z', '2026-11-01T03:00:00.000Z', 'ready', NULL, 1, 'lease', '2026-11-01T03:00:00.000Z', 'e1', '2026-11-01T01:00:00.000Z', '2026-11-01T02:00:00.000Z', NULL, '2026-12-06T02:00:00.000Z');

PRAGMA user_version = 1;
