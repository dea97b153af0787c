import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** One connection with its prepared statements. It blocks its thread, so it lives in a worker thread. */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @param options.busyTimeoutMs how long a statement waits for another process's lock */
  constructor(path: string, options: { readOnly: boolean; busyTimeoutMs: number }) {
    this.#connection = new DatabaseSync(path, { readOnly: options.readOnly, timeout: options.busyTimeoutMs });
    this.#connection.exec('PRAGMA cache_size = -16384');
    if (options.readOnly) return;
    this.#connection.exec('PRAGMA journal_mode = WAL');
    // An entry leaves the log once it is saved, so a save must outlive a power cut, not only a crash.
    this.#connection.exec('PRAGMA synchronous = FULL');
  }

  /** The first row, undefined where there is none. */
  get<Row>(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...parameters) as Row | undefined;
  }

  all<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...parameters) as Row[];
  }

  /** @returns how many rows changed */
  run(sql: string, ...parameters: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...parameters).changes);
  }

  /** Runs statements that return nothing and are not worth keeping prepared. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** All of `work` or nothing; takes the write lock at the start, so that it can't fail half-way for want of it. */
  transaction<T>(work: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk or a failed write has rolled back already.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
