import type { OperationName } from './operations.ts';

export interface ThreadOptions {
  readonly path: string;
  /** The writer also creates and migrates the file. */
  readonly role: 'writer' | 'reader';
  readonly busyTimeoutMs: number;
}

/** They travel in arrays, since passing one on costs about as much as passing on twenty. */
export type ThreadRequest =
  | { kind: 'call'; callId: number; operation: OperationName; args: readonly unknown[]; expiresAtMs: number }
  /** Close the database and end, after all that was asked before. */
  | { kind: 'close' };

export type ThreadReply =
  /** The database is open. */
  | { kind: 'ready' }
  | { kind: 'result'; callId: number; result: unknown }
  | { kind: 'failure'; callId: number; error: Error; isUnavailable: boolean };

/** A clock that all threads of a process share and nobody sets. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
