import type { Database } from './connection.ts';

/** What SqliteRecordStore.removeExpired removes: finished uploads, users' deleted avatars, idempotency keys. */
export function removeExpired(db: Database, { now }: { readonly now: Date }): number {
  return ['uploads', 'avatars', 'requests']
    .map((table) => db.run(`DELETE FROM ${table} WHERE expiresAt <= :now`, { now: now.toISOString() }))
    .reduce((removed, rows) => removed + rows, 0);
}
