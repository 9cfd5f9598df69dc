import type { EntityType } from '../../storage/object-keys.ts';
import type { DueWork, DueWorkPage, RecordStore } from '../record-store.ts';
import type { Instant } from '../records.ts';
import type { Database } from './connection.ts';

/** The position of a piece of work: by time, then by subject. The cursor is `{workAt} {subject}`. */
interface Position {
  readonly workAt: Instant;
  /** `upload/{uploadId}`, `avatar/{users|agents}/{entityId}` or `attachment/{fileId}`. */
  readonly subject: string;
}

const START: Position = { workAt: '', subject: '' };

export type DueWorkInput = Parameters<RecordStore['dueWork']>[0];

/** The only shard of a database. */
const SHARD = 0;

/** A page of one table, in the order of its index: `ids` sort as the subject that is made of them. */
const pageOf = (table: string, kind: string, ids: readonly string[]) => {
  const subject = `'${kind}/' || ${ids.join(` || '/' || `)}`;
  return `
SELECT * FROM (
  SELECT workAt, ${subject} AS subject FROM ${table}
  WHERE workAt BETWEEN :from AND :now AND (workAt > :from OR ${subject} > :after)
  ORDER BY workAt, ${ids.join(', ')} LIMIT :limit
)`;
};

const DUE = `${[
  pageOf('uploads', 'upload', ['uploadId']),
  pageOf('avatars', 'avatar', ['entityType', 'entityId']),
  pageOf('attachments', 'attachment', ['fileId']),
].join('\nUNION ALL')}
ORDER BY workAt, subject LIMIT :limit`;

/** RecordStore.dueShards. */
export function dueShards(db: Database, { now }: { readonly now: Date }): readonly number[] {
  return dueWork(db, { shard: SHARD, now, limit: 1 }).items.length > 0 ? [SHARD] : [];
}

/**
 * RecordStore.dueWork. Never misses a write.
 * @throws RangeError for a cursor that no page gave.
 */
export function dueWork(db: Database, { shard, now, limit, cursor }: DueWorkInput): DueWorkPage {
  const { workAt: from, subject: after } = cursor === undefined ? START : positionOf(cursor);
  if (shard !== SHARD) return { items: [] };
  // One more than asked for tells whether another page follows.
  const rows = db.all<Position>(DUE, { from, after, now: now.toISOString(), limit: limit + 1 });
  const page = rows.slice(0, limit);
  const items = page.map(workOf);
  const last = page.at(-1);
  return rows.length > limit && last !== undefined ? { items, cursor: `${last.workAt} ${last.subject}` } : { items };
}

function positionOf(cursor: string): Position {
  const [, workAt, subject] = /^(\S+Z) ((?:upload|avatar|attachment)\/\S+)$/.exec(cursor) ?? [];
  if (workAt === undefined || subject === undefined) throw new RangeError(`"${cursor}" is not a cursor of due work`);
  return { workAt, subject };
}

function workOf({ workAt, subject }: Position): DueWork {
  const [kind = '', first = '', second = ''] = subject.split('/');
  if (kind === 'upload') return { kind, uploadId: first, workAt };
  if (kind === 'attachment') return { kind, fileId: first, workAt };
  return { kind: 'avatar', entityType: first as EntityType, entityId: second, workAt };
}
