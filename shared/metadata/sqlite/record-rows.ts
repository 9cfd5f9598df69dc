import type { AnyRecord, RecordKey, RecordKind } from '../record-store.ts';
import type { Database, Parameters } from './connection.ts';

/** A record with all of its fields, including those that this release does not know. */
export type Document = Readonly<Record<string, unknown>>;

/** The table of each kind, and the columns that identify a record, which are named as the fields of its key. */
const TABLES: Readonly<Record<RecordKind, { readonly name: string; readonly ids: readonly string[] }>> = {
  upload: { name: 'uploads', ids: ['uploadId'] },
  avatar: { name: 'avatars', ids: ['entityType', 'entityId'] },
  attachment: { name: 'attachments', ids: ['fileId'] },
  organization: { name: 'organizations', ids: ['organizationId'] },
  owner: { name: 'owners', ids: ['organizationId', 'ownerId'] },
  request: { name: 'requests', ids: ['keyDigest'] },
  switches: { name: 'switches', ids: ['one'] },
};

/** A row of a search. */
export interface Row {
  readonly record: string;
}

export function recordOf<Found extends AnyRecord>({ record }: Row): Found {
  return JSON.parse(record) as Found;
}

export function findRecord(db: Database, key: RecordKey): Document | undefined {
  const row = db.get<Row>(STATEMENTS[key.kind].find, idsOf(key));
  return row && (JSON.parse(row.record) as Document);
}

export function insertRecord(db: Database, key: RecordKey, record: Document): void {
  db.run(STATEMENTS[key.kind].insert, { ...idsOf(key), record: JSON.stringify(record) });
}

export function updateRecord(db: Database, key: RecordKey, record: Document): void {
  db.run(STATEMENTS[key.kind].update, { ...idsOf(key), record: JSON.stringify(record) });
}

export function deleteRecord(db: Database, key: RecordKey): void {
  db.run(STATEMENTS[key.kind].delete, idsOf(key));
}

function idsOf(key: RecordKey): Parameters {
  // The switches have no id; their table has one row, whose primary key is 1.
  const fields: Parameters = { ...key, one: 1 };
  return Object.fromEntries(TABLES[key.kind].ids.map((id) => [id, fields[id] ?? null]));
}

const STATEMENTS = Object.fromEntries(
  Object.entries(TABLES).map(([kind, { name, ids }]) => {
    const where = `WHERE ${ids.map((id) => `${id} = :${id}`).join(' AND ')}`;
    const statements = {
      find: `SELECT record FROM ${name} ${where}`,
      insert: `INSERT INTO ${name} (${ids.join(', ')}, record) VALUES (:${ids.join(', :')}, :record)`,
      update: `UPDATE ${name} SET record = :record ${where}`,
      delete: `DELETE FROM ${name} ${where}`,
    };
    return [kind, statements];
  }),
) as Record<RecordKind, Record<'find' | 'insert' | 'update' | 'delete', string>>;
