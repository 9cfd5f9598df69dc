import type { AnyRecord, ListAttachmentsInput, RecordKey, RecordStore, RecordWrite } from '../record-store.ts';
import { commit } from './commit.ts';
import { SqliteConnection } from './connection.ts';
import { type DueWorkInput, dueShards, dueWork } from './due-work.ts';
import { listAttachments } from './list-attachments.ts';
import { openUploads } from './open-uploads.ts';
import { findRecord } from './record-rows.ts';
import { removeExpired } from './remove-expired.ts';
import { countUsage } from './usage.ts';

/** The first refusals may be due to this process. */
const REFUSALS_WITHOUT_PAUSE = 3;
/** Milliseconds for each refusal; the pause is a random part of them. */
const PAUSE_STEP = 2;

/**
 * The port over one SQLite file: each commit is one transaction, on disk before it resolves. Searches miss no write.
 * Besides the port it has `removeExpired`, which DynamoDB does by itself.
 */
export class SqliteRecordStore implements RecordStore {
  readonly #connection: SqliteConnection;

  /**
   * Opens the file, creating it and its tables if it is absent. `:memory:` is gone when the store is closed.
   * @throws DependencyUnavailableError if the file cannot be opened.
   * @throws InvalidConfigurationError if a newer version of the product wrote it, or it is no database.
   */
  constructor({ path }: { readonly path: string }) {
    this.#connection = new SqliteConnection(path);
  }

  async read(keys: readonly RecordKey[]) {
    return this.#connection.read((db) => keys.map((key) => findRecord(db, key) as AnyRecord | undefined));
  }

  async commit(writes: readonly RecordWrite[]) {
    return this.#connection.transaction((db) => commit(db, writes));
  }

  /**
   * Reads and commits are synchronous underneath, so after a turn of the event loop no other transition of this process
   * comes between them. A few milliseconds help only against another process.
   */
  async pause(refusals: number) {
    if (refusals <= REFUSALS_WITHOUT_PAUSE) return new Promise<void>((resolve) => setImmediate(resolve));
    return new Promise<void>((resolve) => setTimeout(resolve, Math.random() * refusals * PAUSE_STEP));
  }

  async dueShards(input: { readonly now: Date }) {
    return this.#connection.read((db) => dueShards(db, input));
  }

  async dueWork(input: DueWorkInput) {
    return this.#connection.read((db) => dueWork(db, input));
  }

  async openUploads(input: { readonly organizationId: string; readonly ownerId: string }) {
    return this.#connection.read((db) => openUploads(db, input));
  }

  async listAttachments(input: ListAttachmentsInput) {
    return this.#connection.read((db) => listAttachments(db, input));
  }

  async countUsage(input: { readonly organizationId: string }) {
    return this.#connection.read((db) => countUsage(db, input));
  }

  async checkReady() {
    this.#connection.read((db) => findRecord(db, { kind: 'switches' }));
  }

  /**
   * Removes the records whose `expiresAt` has passed: finished uploads, users' deleted avatars, idempotency keys.
   * @returns how many there were.
   */
  removeExpired(input: { readonly now: Date }): number {
    return this.#connection.transaction((db) => removeExpired(db, input));
  }

  /** Later calls throw DependencyUnavailableError. */
  close(): void {
    this.#connection.close();
  }
}
