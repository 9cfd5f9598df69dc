import type { Database } from './connection.ts';

/**
 * Frees every upload in processing and makes it due at `now`; its attempt stays counted. Right only while no worker
 * runs, as at the start of the one process that owns the database.
 * @returns how many there were.
 */
export function lapseLeases(db: Database, { now }: { readonly now: Date }): number {
  return db.run(
    `UPDATE uploads SET leaseId = NULL, leaseUntil = NULL, workAt = :now
     WHERE workAt IS NOT NULL AND status = 'processing'`,
    { now: now.toISOString() },
  );
}

/**
 * Removes what has outlived its retention: finished uploads, answered idempotency keys, users' purged avatars.
 * @returns how many rows went.
 */
export function removeExpired(db: Database, { now }: { readonly now: Date }): number {
  return ['uploads', 'avatars', 'requests']
    .map((table) => db.run(`DELETE FROM ${table} WHERE expiresAt <= :now`, { now: now.toISOString() }))
    .reduce((removed, rows) => removed + rows, 0);
}
