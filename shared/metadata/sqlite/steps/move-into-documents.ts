import type { DatabaseSync } from 'node:sqlite';
import {
  ATTACHMENTS,
  AVATARS,
  type DocumentTable,
  ORGANIZATIONS,
  OWNERS,
  REQUESTS,
  SWITCHES,
  UPLOADS,
} from './document-tables.ts';
import { avatarRecord, type FormerAvatar } from './former-avatars.ts';
import { type Document, parsed, withoutNulls } from './former-rows.ts';
import { type FormerUpload, uploadRecord } from './former-uploads.ts';

/**
 * The third step of the schema: from one column for each field to one JSON document for each record, and from avatars
 * whose files are overwritten to versions in folders of their own.
 */
export function moveIntoDocuments(database: DatabaseSync): void {
  const lastKnown = lastInstantOf(database);
  const avatarOf = findsAvatars(database);
  move<FormerUpload>(database, UPLOADS, (row) => uploadRecord(row, row.kind === 'render' ? avatarOf(row) : undefined));
  move<FormerAvatar>(database, AVATARS, (row) => avatarRecord(row, lastKnown));
  move<FormerAttachment>(database, ATTACHMENTS, attachmentRecord);
  move<Document>(database, ORGANIZATIONS, (row) => row);
  move<FormerOwner>(database, OWNERS, countsOpenUploads(database));
  move<Document>(database, REQUESTS, (row) => row);
  move<FormerSwitches>(database, SWITCHES, switchesRecord);
}

/** Replaces a table by one of documents, which `convert` makes of its rows. */
function move<Row>(database: DatabaseSync, table: DocumentTable, convert: (row: Row) => Document): void {
  database.exec(`ALTER TABLE ${table.name} RENAME TO former`);
  database.exec(table.create);
  const ids = idsOf(database, table);
  const insert = database.prepare(
    `INSERT INTO ${table.name} (${ids.join(', ')}, record) VALUES (:${ids.join(', :')}, :record)`,
  );
  for (const row of database.prepare('SELECT * FROM former').iterate()) {
    const record = JSON.stringify(convert({ ...row } as Row));
    insert.run({ ...Object.fromEntries(ids.map((id) => [id, row[id] ?? null])), record });
  }
  // Its indexes go with it, and the new ones have the same names.
  database.exec(`DROP TABLE former; ${table.indexes}`);
}

function idsOf(database: DatabaseSync, { name }: DocumentTable): string[] {
  const columns = database.prepare('SELECT name FROM pragma_table_info(:table) WHERE pk > 0 ORDER BY pk');
  return columns.all({ table: name }).map((column) => String(column.name));
}

function lastInstantOf(database: DatabaseSync): string {
  return String(database.prepare('SELECT max(createdAt) AS createdAt FROM uploads').get()?.createdAt ?? '');
}

function findsAvatars(database: DatabaseSync): (upload: FormerUpload) => FormerAvatar | undefined {
  const find = database.prepare('SELECT * FROM avatars WHERE entityType = :entityType AND entityId = :entityId');
  return ({ entityType, entityId }) => find.get({ entityType, entityId }) as FormerAvatar | undefined;
}

interface FormerAttachment {
  readonly draft: number;
  readonly details: string;
}

function attachmentRecord({ details, draft, ...fields }: FormerAttachment): Document {
  return withoutNulls({ ...parsed<Document>(details), ...fields, draft: draft === 1 });
}

interface FormerOwner {
  readonly organizationId: string;
  readonly ownerId: string;
  readonly openUploads: number;
}

/** Open uploads were one number. Those whose bytes were seen are counted on their own now. */
function countsOpenUploads(database: DatabaseSync): (owner: FormerOwner) => Document {
  const count = database.prepare(`
SELECT coalesce(sum(record ->> '$.sentAt' IS NULL), 0) AS pendingUploads,
  coalesce(sum(record ->> '$.sentAt' IS NOT NULL), 0) AS sentUploads
FROM uploads
WHERE organizationId = :organizationId AND ownerId = :ownerId AND status IN ('pending', 'processing')`);
  return ({ openUploads, ...owner }) => ({
    ...owner,
    ...count.get({ organizationId: owner.organizationId, ownerId: owner.ownerId }),
  });
}

interface FormerSwitches {
  readonly uploadsPaused: number;
  readonly reason: string | null;
}

function switchesRecord({ uploadsPaused, reason }: FormerSwitches): Document {
  return withoutNulls({ uploadsPaused: uploadsPaused === 1, reason });
}
