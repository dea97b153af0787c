import type { ConversationId, MessageRecord } from '@parley/protocol';

/**
 * An entry of the log that a worker has read and not completed yet. Its id and its epoch identify it: after a loss, Redis may give the
 * id of a lost entry to a new one.
 */
export interface LogEntry {
  readonly entryId: string;
  readonly message: MessageRecord;
  /** The chat server that appended it. */
  readonly appendedBy: string;
  /** The user whose share of the places in process it uses; '' = nobody's: a system message, or an entry of an earlier release. */
  readonly holder: string;
  /** The epoch in which it was appended; '' in an entry of an earlier release. */
  readonly epoch: string;
  /** Number of deliveries. Above 1: a worker, perhaps this one, received the entry before and did not complete it. */
  readonly deliveries: number;
}

/** An entry that cannot be parsed as a message. It can only go to the dead letters. */
export interface MalformedEntry {
  readonly entryId: string;
  /** As in `LogEntry`. */
  readonly epoch: string;
  readonly reason: string;
}

/** An entry that cannot be processed. */
export interface DeadEntry extends Pick<LogEntry, 'entryId' | 'epoch'> {
  readonly reason: string;
  /** Undefined = the entry is malformed. */
  readonly message?: MessageRecord;
}

export interface LogBatch {
  readonly entries: LogEntry[];
  readonly malformed: MalformedEntry[];
}

/** The committed offset of a conversation: every message up to it is in the store or in the dead letters. */
export interface CommittedOffset {
  readonly conversationId: ConversationId;
  readonly storedSeq: number;
  /** The epoch of `storedSeq`. */
  readonly epoch: string;
}

/**
 * One worker's view of one partition of the log: a member of the consumer group that all workers share.
 *
 * Each entry is delivered to one worker, which owns it until it completes it. When the worker neither completes an entry nor
 * extends its claim for `reclaimAfterMs`, another worker may reclaim it. Entries of a conversation are in order within a batch,
 * not between workers. After a call rejects, every method may be called again.
 */
export interface MessageConsumer {
  /**
   * Returns new entries, oldest first. Waits up to `blockMs` for the first one, 0 = does not wait; empty when none arrived.
   *
   * Entries that are pending under this worker's name but never reached it come first: those of an earlier process of that
   * name that crashed, and those of a `read` whose reply was lost. One caller at a time.
   */
  read(options: { maxEntries: number; blockMs: number }): Promise<LogBatch>;

  /**
   * Claims entries whose owner did not read them or extend its claim within `reclaimAfterMs`. They can be this worker's own
   * entries, if it was too slow itself.
   */
  reclaim(options: { maxEntries: number }): Promise<LogBatch>;

  /** Extends the claim on entries, so that no other worker reclaims them. Entries that were reclaimed already stay lost. */
  extendClaim(entryIds: readonly string[]): Promise<void>;

  /**
   * Returns the entries that must not be saved any more: their epoch has ended, Redis has lost them, and the heads of their
   * conversations are initialised. Their seqs have other messages or placeholders now. Before the initialisation they may be
   * saved: it finds them in the store.
   */
  findLost(entries: readonly LogEntry[]): Promise<LogEntry[]>;

  /** Returns the entries that were appended in the current epoch and are in the log. No other message can have their seqs. */
  findCurrent(entries: readonly LogEntry[]): Promise<LogEntry[]>;

  /**
   * Completes entries whose messages are in the store: removes them from the log, advances the committed offsets, trims the
   * recent windows. Entries that are not in the log have no effect, so it may be repeated.
   *
   * @returns the committed offset of each conversation concerned: every message up to it is in the store or in the dead
   *   letters. Conversations whose head is unknown in the current epoch are left out.
   */
  complete(entries: readonly LogEntry[]): Promise<CommittedOffset[]>;

  /**
   * Trims the recent windows to the messages that are not stored. For a Redis near its memory limit: it takes a scan of all keys,
   * and pages of history then come from the store.
   *
   * @returns the number of removed messages
   */
  trimRecent(signal: AbortSignal): Promise<number>;

  /**
   * Deletes the dedupe entries of stored messages. For a Redis near its memory limit, like `trimRecent`: repeats are recognised as
   * before, but the log then has to ask the store.
   *
   * @returns the number of deleted entries
   */
  deleteStoredUses(signal: AbortSignal): Promise<number>;

  /**
   * Moves entries that cannot be processed to the dead-letter stream with all their fields and a reason, atomically for each
   * conversation. The committed offset passes them. May be repeated.
   */
  deadLetter(entries: readonly DeadEntry[]): Promise<void>;

  /** Returns the number of entries in the dead-letter stream. */
  countDeadLetters(): Promise<number>;

  /**
   * Leaves the group. Call it after the last `read` has settled. Pending entries stay for another worker, or for the next
   * process of this name.
   */
  close(): Promise<void>;
}
