import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** Enough for the upper levels of the indexes. The rows are in the cache of the operating system, which all processes share. */
const CACHE_KIB = 4_096;

/** One connection with its prepared statements. It blocks its thread, so it lives in a worker thread. */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @param options.busyTimeoutMs how long a statement waits for another process's lock */
  constructor(path: string, options: { readOnly: boolean; busyTimeoutMs: number }) {
    this.#connection = new DatabaseSync(path, { readOnly: options.readOnly, timeout: options.busyTimeoutMs });
    this.#connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    if (options.readOnly) return;
    this.#connection.exec('PRAGMA journal_mode = WAL');
    // A saved message is removed from the log, so it must survive a power cut and not only a crash.
    this.#connection.exec('PRAGMA synchronous = FULL');
  }

  /** Returns the first row, or undefined. */
  get<Row>(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...parameters) as Row | undefined;
  }

  all<Row>(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...parameters) as Row[];
  }

  /** Reads row by row. Rows that the caller does not consume are not read. */
  iterate<Row>(sql: string, ...parameters: SQLInputValue[]): Iterable<Row> {
    return this.#prepare(sql).iterate(...parameters) as Iterable<Row>;
  }

  /** @returns the number of changed rows */
  run(sql: string, ...parameters: SQLInputValue[]): number {
    // The result also has the last row id, which may exceed the range of a number.
    return Number(this.#prepare(sql, { readBigInts: true }).run(...parameters).changes);
  }

  /** Runs statements that return nothing, without caching them. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /**
   * Runs `work` atomically. It takes the write lock at the start, so it cannot fail halfway because of the lock. Within another
   * transaction it is a savepoint: a failure undoes it alone, and it commits with the outer transaction.
   */
  transaction<T>(work: () => T): T {
    const [begin, commit, rollBack] = this.isInTransaction
      ? ['SAVEPOINT nested', 'RELEASE nested', 'ROLLBACK TO nested; RELEASE nested']
      : ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'];
    this.#connection.exec(begin);
    try {
      const result = work();
      this.#connection.exec(commit);
      return result;
    } catch (error) {
      // A full disk or a failed write has already rolled back.
      if (this.isInTransaction) this.#connection.exec(rollBack);
      throw error;
    }
  }

  get isInTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  close(): void {
    this.#connection.close();
  }

  #prepare(sql: string, { readBigInts = false } = {}): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      statement.setReadBigInts(readBigInts);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
