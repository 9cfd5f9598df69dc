import type { EntityType } from '../../storage/object-keys.ts';
import type { DueWork, DueWorkPage } from '../metadata-store.ts';
import type { Instant } from '../records.ts';
import type { Database } from './connection.ts';

/** Where a piece of work stands in the order: by time, then by subject. The cursor is `{workAt} {subject}`. */
interface Position {
  readonly workAt: Instant;
  /** `upload/{uploadId}`, `purge/{users|agents}/{entityId}` or `attachment/{fileId}`. */
  readonly subject: string;
}

const START: Position = { workAt: '', subject: '' };

const DUE = `
SELECT workAt, subject FROM (
  SELECT workAt, 'upload/' || uploadId AS subject FROM uploads WHERE workAt BETWEEN :from AND :now
  UNION ALL
  SELECT workAt, 'purge/' || entityType || '/' || entityId FROM avatars WHERE workAt BETWEEN :from AND :now
  UNION ALL
  SELECT workAt, 'attachment/' || fileId FROM attachments WHERE workAt BETWEEN :from AND :now
)
WHERE (workAt, subject) > (:from, :after) ORDER BY workAt, subject LIMIT :limit`;

/**
 * MetadataStore.dueWork. Never misses a write.
 * @throws RangeError for a cursor that no page gave.
 */
export function dueWork(
  db: Database,
  { now, limit, cursor }: { readonly now: Date; readonly limit: number; readonly cursor?: string },
): DueWorkPage {
  const { workAt: from, subject: after } = cursor === undefined ? START : positionOf(cursor);
  // One more than asked for tells whether another page follows.
  const rows = db.all<Position>(DUE, { from, after, now: now.toISOString(), limit: limit + 1 });
  const page = rows.slice(0, limit);
  const items = page.map(workOf);
  const last = page.at(-1);
  return rows.length > limit && last !== undefined ? { items, cursor: `${last.workAt} ${last.subject}` } : { items };
}

function positionOf(cursor: string): Position {
  const [, workAt, subject] = /^(\S+Z) ((?:upload|purge|attachment)\/\S+)$/.exec(cursor) ?? [];
  if (workAt === undefined || subject === undefined) throw new RangeError(`"${cursor}" is not a cursor of due work`);
  return { workAt, subject };
}

function workOf({ workAt, subject }: Position): DueWork {
  const [type = '', first = '', second = ''] = subject.split('/');
  if (type === 'upload') return { type, uploadId: first, workAt };
  if (type === 'attachment') return { type, fileId: first, workAt };
  return { type: 'purge', avatar: { entityType: first as EntityType, entityId: second }, workAt };
}
