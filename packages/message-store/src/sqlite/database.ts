import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** For the upper levels of the indexes; the rows themselves are in the operating system's cache, once for all processes. */
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

  /** Row by row; what the caller does not ask for any more is not read. */
  iterate<Row>(sql: string, ...parameters: SQLInputValue[]): Iterable<Row> {
    return this.#prepare(sql).iterate(...parameters) as Iterable<Row>;
  }

  /** @returns how many rows changed */
  run(sql: string, ...parameters: SQLInputValue[]): number {
    // It also tells the last row id, which may be too large for a number.
    return Number(this.#prepare(sql, { readBigInts: true }).run(...parameters).changes);
  }

  /** Runs statements that return nothing and are not worth keeping prepared. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /**
   * All of `work` or nothing; takes the write lock at the start, so that it can't fail half-way for want of it. Within another
   * transaction it is a part of that: undone alone when it fails, kept only when the whole is.
   */
  transaction<T>(work: () => T): T {
    const [begin, commit, rollBack] = this.isInTransaction
      ? ['SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part']
      : ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'];
    this.#connection.exec(begin);
    try {
      const result = work();
      this.#connection.exec(commit);
      return result;
    } catch (error) {
      // A full disk or a failed write has rolled back already.
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
