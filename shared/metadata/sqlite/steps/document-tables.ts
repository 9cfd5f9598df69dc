/** The tables of schema 3: each has one JSON document for each record, and its ids. */
export interface DocumentTable {
  readonly name: string;
  readonly create: string;
  readonly indexes: string;
}

/*
 * What is searched is a column generated from the document, so a field that no search needs takes no schema step. They
 * are virtual: nothing is stored twice except in the indexes. Instants are ISO-8601 text, which sorts.
 */

export const UPLOADS: DocumentTable = {
  name: 'uploads',
  create: `
CREATE TABLE uploads (
  uploadId TEXT PRIMARY KEY,
  record TEXT NOT NULL,
  kind TEXT AS (record ->> '$.kind') VIRTUAL,
  organizationId TEXT AS (record ->> '$.organizationId') VIRTUAL,
  ownerId TEXT AS (record ->> '$.ownerId') VIRTUAL,
  status TEXT AS (record ->> '$.status') VIRTUAL,
  contentLength INTEGER AS (record ->> '$.contentLength') VIRTUAL,
  createdAt TEXT AS (record ->> '$.createdAt') VIRTUAL,
  workAt TEXT AS (record ->> '$.workAt') VIRTUAL,
  expiresAt TEXT AS (record ->> '$.expiresAt') VIRTUAL
) STRICT, WITHOUT ROWID`,
  indexes: `
CREATE INDEX uploadsOpen ON uploads (organizationId, ownerId, createdAt, uploadId)
  WHERE status IN ('pending', 'processing');
CREATE INDEX uploadsDue ON uploads (workAt, uploadId) WHERE workAt IS NOT NULL;
CREATE INDEX uploadsExpiring ON uploads (expiresAt) WHERE expiresAt IS NOT NULL`,
};

export const AVATARS: DocumentTable = {
  name: 'avatars',
  create: `
CREATE TABLE avatars (
  entityType TEXT NOT NULL,
  entityId TEXT NOT NULL,
  record TEXT NOT NULL,
  organizationId TEXT AS (record ->> '$.organizationId') VIRTUAL,
  readyGeneration INTEGER AS (record ->> '$.readyGeneration') VIRTUAL,
  chargedBytes INTEGER AS (record ->> '$.chargedBytes') VIRTUAL,
  workAt TEXT AS (record ->> '$.workAt') VIRTUAL,
  expiresAt TEXT AS (record ->> '$.expiresAt') VIRTUAL,
  PRIMARY KEY (entityType, entityId)
) STRICT, WITHOUT ROWID`,
  indexes: `
CREATE INDEX avatarsPublished ON avatars (organizationId) WHERE readyGeneration > 0;
CREATE INDEX avatarsDue ON avatars (workAt, entityType, entityId) WHERE workAt IS NOT NULL;
CREATE INDEX avatarsExpiring ON avatars (expiresAt) WHERE expiresAt IS NOT NULL`,
};

export const ATTACHMENTS: DocumentTable = {
  name: 'attachments',
  create: `
CREATE TABLE attachments (
  fileId TEXT PRIMARY KEY,
  record TEXT NOT NULL,
  organizationId TEXT AS (record ->> '$.organizationId') VIRTUAL,
  ownerId TEXT AS (record ->> '$.ownerId') VIRTUAL,
  contextId TEXT AS (record ->> '$.contextId') VIRTUAL,
  status TEXT AS (record ->> '$.status') VIRTUAL,
  draft INTEGER AS (record ->> '$.draft') VIRTUAL,
  visibility TEXT AS (record ->> '$.visibility') VIRTUAL,
  contentType TEXT AS (record ->> '$.contentType') VIRTUAL,
  chargedBytes INTEGER AS (record ->> '$.chargedBytes') VIRTUAL,
  createdAt TEXT AS (record ->> '$.createdAt') VIRTUAL,
  workAt TEXT AS (record ->> '$.workAt') VIRTUAL
) STRICT, WITHOUT ROWID`,
  indexes: `
CREATE INDEX attachmentsOfOrganization ON attachments (organizationId, createdAt, fileId) WHERE status = 'ready';
CREATE INDEX attachmentsOfOwner ON attachments (organizationId, ownerId, createdAt, fileId) WHERE status = 'ready';
CREATE INDEX attachmentsOfContext ON attachments (organizationId, contextId, createdAt, fileId)
  WHERE status = 'ready' AND contextId IS NOT NULL;
CREATE INDEX attachmentsDue ON attachments (workAt, fileId) WHERE workAt IS NOT NULL`,
};

export const ORGANIZATIONS: DocumentTable = {
  name: 'organizations',
  create: 'CREATE TABLE organizations (organizationId TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID',
  indexes: '',
};

export const OWNERS: DocumentTable = {
  name: 'owners',
  create: `
CREATE TABLE owners (
  organizationId TEXT NOT NULL,
  ownerId TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (organizationId, ownerId)
) STRICT, WITHOUT ROWID`,
  indexes: '',
};

export const REQUESTS: DocumentTable = {
  name: 'requests',
  create: `
CREATE TABLE requests (
  keyDigest TEXT PRIMARY KEY,
  record TEXT NOT NULL,
  expiresAt TEXT AS (record ->> '$.expiresAt') VIRTUAL
) STRICT, WITHOUT ROWID`,
  indexes: 'CREATE INDEX requestsExpiring ON requests (expiresAt)',
};

/** Of one row. */
export const SWITCHES: DocumentTable = {
  name: 'switches',
  create: 'CREATE TABLE switches (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL) STRICT, WITHOUT ROWID',
  indexes: '',
};
