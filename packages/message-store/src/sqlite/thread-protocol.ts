import type { OperationName } from './operations.ts';

export interface ThreadOptions {
  readonly path: string;
  /** The writer also creates and migrates the file. */
  readonly role: 'writer' | 'reader';
  readonly busyTimeoutMs: number;
  /**
   * Added to the nice value of the process, for this thread on Linux. Elsewhere it would apply to the whole process, and is ignored.
   * Default 0.
   */
  readonly niceness?: number;
}

/** Sent in arrays, because posting one request costs about as much as posting twenty. */
export type ThreadRequest =
  | { kind: 'call'; callId: number; operation: OperationName; args: readonly unknown[]; expiresAtMs: number }
  /** Closes the database and ends the thread, after the earlier calls. */
  | { kind: 'close' };

export type ThreadReply =
  /** The database is open. */
  | { kind: 'ready' }
  | { kind: 'result'; callId: number; result: unknown }
  | { kind: 'failure'; callId: number; error: Error; isUnavailable: boolean };

/** A monotonic clock that all threads of a process share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
