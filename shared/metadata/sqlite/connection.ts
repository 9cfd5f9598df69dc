import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { DependencyUnavailableError, InvalidConfigurationError } from '../../errors.ts';
import { prepareSchema } from './schema.ts';

/** Values of a statement's named parameters, without their colon. */
export type Parameters = Readonly<Record<string, SQLInputValue>>;

/** The statements of a database. Each is prepared once. */
export interface Database {
  get<Row>(sql: string, parameters?: Parameters): Row | undefined;
  all<Row>(sql: string, parameters?: Parameters): Row[];
  /** The number of rows changed. */
  run(sql: string, parameters?: Parameters): number;
}

/** How long a statement waits for another process to finish its transaction. It blocks the event loop. */
const BUSY_TIMEOUT_MS = 1_000;

/** One open SQLite file. Committed means on disk: the write-ahead log is synced at every commit. */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements: Database;

  /**
   * @throws DependencyUnavailableError if the file cannot be opened.
   * @throws InvalidConfigurationError if a newer version of the product wrote it, or it is no database.
   */
  constructor(path: string) {
    this.#database = mapFaults(() => new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }));
    try {
      mapFaults(() => {
        this.#database.exec('PRAGMA synchronous = FULL');
        prepareSchema(this.#database, path);
      });
    } catch (error) {
      this.#database.close();
      if (primaryCodeOf(error) !== SQLITE_NOTADB) throw error;
      throw new InvalidConfigurationError(`"${path}" is not a database of this product`, { cause: error });
    }
    this.#statements = statementsOf(this.#database);
  }

  /** @throws DependencyUnavailableError if the database is unavailable. */
  read<T>(work: (db: Database) => T): T {
    return mapFaults(() => work(this.#statements));
  }

  /**
   * All of what `work` writes, or nothing. The write lock is taken before the first read, so that what `work` has read
   * still holds when it writes.
   * @throws DependencyUnavailableError if the database is unavailable.
   */
  transaction<T>(work: (db: Database) => T): T {
    return mapFaults(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work(this.#statements);
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some faults (a full disk, for one).
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Later calls throw DependencyUnavailableError. Closing twice is fine. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function statementsOf(database: DatabaseSync): Database {
  const prepared = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return {
    get: <Row>(sql: string, parameters: Parameters = {}) => prepare(sql).get(parameters) as Row | undefined,
    all: <Row>(sql: string, parameters: Parameters = {}) => prepare(sql).all(parameters) as Row[],
    run: (sql, parameters = {}) => Number(prepare(sql).run(parameters).changes),
  };
}

/** Primary result codes of faults that may pass: https://sqlite.org/rescode.html */
const PASSING_FAULTS = new Map([
  [5, 'SQLITE_BUSY'],
  [6, 'SQLITE_LOCKED'],
  [7, 'SQLITE_NOMEM'],
  [10, 'SQLITE_IOERR'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [15, 'SQLITE_PROTOCOL'],
]);

/** Maps faults that a retry can help. Every other one (a corrupt file, a bug) is thrown as it is. */
function mapFaults<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const fault = passingFaultOf(error);
    if (fault === undefined) throw error;
    throw new DependencyUnavailableError(`the metadata database is unavailable (${fault})`, { cause: error });
  }
}

function passingFaultOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'ERR_INVALID_STATE') return 'closed';
  return PASSING_FAULTS.get(primaryCodeOf(error));
}

const SQLITE_NOTADB = 26;

/** The low byte of an extended result code; 0 for an error that is not SQLite's. */
function primaryCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
