import type { ConversationId, MessageRecord } from '@parley/protocol';

/** One entry of the log, read by a worker and not completed yet. */
export interface LogEntry {
  readonly entryId: string;
  readonly message: MessageRecord;
  /** The chat server that accepted it. */
  readonly acceptedBy: string;
  /** How often it was handed over; above 1 = a worker, perhaps this one, had it before and did not complete it. */
  readonly deliveries: number;
}

/** An entry that can't be read as a message; only the dead letters can take it. */
export interface MalformedEntry {
  readonly entryId: string;
  readonly reason: string;
}

export interface LogBatch {
  readonly entries: LogEntry[];
  readonly malformed: MalformedEntry[];
}

/** Up to where a conversation is stored. */
export interface StoredMark {
  readonly conversationId: ConversationId;
  readonly storedSeq: number;
  /** The one that the seq counts in. */
  readonly epoch: string;
}

/**
 * One worker's view of one partition of the log: a member of the consumer group that all workers share.
 *
 * Each entry goes to one worker. What a worker has read stays its own until completed, or until nothing was heard of the
 * worker for `takeOverAfterMs`: then another may take it over. Order within a conversation holds in each batch, not
 * between workers. After a call that rejected, every method may be called again.
 */
export interface MessageConsumer {
  /**
   * New entries, oldest first; waits up to `blockMs` for the first, 0 = does not wait. Empty when none came.
   *
   * Before them come entries that are pending under this worker's own name although it has not seen them: those of its
   * life before a crash, and those of a `read` whose answer was lost. One caller at a time.
   */
  read(options: { maxEntries: number; blockMs: number }): Promise<LogBatch>;

  /**
   * Entries that no worker has read, taken over or kept for `takeOverAfterMs`; now this worker's own. They may be this
   * worker's own already, where it neither completed nor kept them in time.
   */
  takeOver(options: { maxEntries: number }): Promise<LogBatch>;

  /** Says that this worker still works on the entries, so that nobody takes them over. Those it has lost stay lost. */
  keep(entryIds: readonly string[]): Promise<void>;

  /**
   * Ends the entries' lives: their messages are in the store. Frees their places, moves the conversations' stored marks
   * forward, trims the recent windows. May be repeated.
   *
   * @returns each touched conversation's stored mark: everything up to it is in the store (or dead); a conversation that
   *   Redis has lost is left out
   */
  complete(entries: readonly LogEntry[]): Promise<StoredMark[]>;

  /**
   * Moves entries that can't be processed to the dead-letter stream, each with all its fields and its reason, in one step
   * per conversation: never lost, never in the way. The stored mark passes over them. May be repeated.
   */
  deadLetter(entries: readonly { entryId: string; reason: string; message?: MessageRecord }[]): Promise<void>;

  /** How many entries lie in the dead-letter stream. */
  deadLetters(): Promise<number>;

  /** Leaves the group, once the last `read` has settled. What is still pending waits for another worker, or for this name. */
  close(): Promise<void>;
}
