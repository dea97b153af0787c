// Above 300 lines: it is one class, the life of a batch from the log to the store.
import type { LogEntry, MessageConsumer } from '@parley/message-log';
import { type MessageStore, type Rejection, StoreUnavailable, type TracedMessage } from '@parley/message-store';
import type { MessageId, MessageRecord } from '@parley/protocol';
import { isRedisUnavailable, type Logger, pause } from '@parley/service-kit';
import type { MessageWorkerMetrics } from './metrics.ts';
import type { Publisher } from './publisher.ts';
import { saveIsolating } from './save-isolating.ts';

/** The most messages in one bulk write. */
const MAX_SAVE_MESSAGES = 500;

/** A message that the store rejects this often goes to the dead letters. An error that concerns one message is a rejection. */
const MAX_REJECTIONS = 3;

/** A message delivered more often than this is saved alone, because it may be what crashed the earlier workers. */
const ISOLATE_AFTER_DELIVERIES = 3;

/** A message delivered more often than this goes to the dead letters. */
const MAX_DELIVERIES = 20;

/**
 * The minimum time between the starts of two batches, ms. A save is not latency-critical: only `MAX_IN_PROCESS` capacity and
 * client outboxes depend on it. Small batches therefore wait longer (docs/decisions/0013-four-adaptive-batchers.md).
 */
const FEW_INTERVAL_MS = 100;
const MANY_INTERVAL_MS = 30;
const MANY_MESSAGES = 50;

/** A published entry that is not saved yet. */
export interface PublishedEntry extends LogEntry {
  /** Unix milliseconds. */
  readonly publishedAtMs: number;
}

/**
 * Saves published entries in bulk and completes them in the log. `saveNext` handles one batch at a time; entries that arrive during
 * a write wait for the next one. An entry is in one of these states.
 *
 * **Uncompleted.** The state after `add`. `extendClaims` keeps other workers from reclaiming it. A failed write or completion
 * leaves it here, and the next batch tries again. An unavailable store therefore delays messages and loses none. While it is
 * unavailable, the batches become smaller and begin with other entries: a store may be too slow for a large batch, or may fail
 * because of one message.
 *
 * **Isolated.** Uncompleted, and delivered more than 3 times: earlier workers may have crashed on it. It is saved alone, so a
 * batch cannot fail because of it.
 *
 * **Completed.** It is in the store and removed from the log; its capacity in process is free. The committed offset is published.
 *
 * **Dead.** The store rejected it 3 times, or it was delivered more than 20 times. A placeholder takes its seq in the history,
 * and the entry is in the dead letters.
 *
 * **Lost.** Redis lost it with other newest writes before it was saved, and its seq has another message or a placeholder. It is
 * dropped. Its epoch has ended, so its sender resends it.
 *
 * The store can have another message with the seq of an uncompleted entry: one of an ended epoch that Redis lost, and that a worker
 * saved late. If the entry is in the log and of the current epoch, that message is withdrawn, and the next batch saves the entry.
 * The withdrawn message was never reported as stored: otherwise the initialisation of the head would have found it in the store,
 * and the seq would not have been assigned again. An entry of an ended epoch never replaces a message.
 */
export class Saver {
  readonly #name: string;
  readonly #store: MessageStore;
  readonly #consumer: MessageConsumer;
  readonly #publisher: Publisher;
  readonly #metrics: MessageWorkerMetrics;
  readonly #logger: Logger;
  /** By `keyOf`, in the order of `add`. */
  readonly #uncompleted = new Map<string, PublishedEntry>();
  /** By `keyOf`. */
  readonly #rejections = new Map<string, number>();
  #maxBatchMessages = MAX_SAVE_MESSAGES;
  #batchStartedAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(parts: {
    /** The worker's name, for the message traces. */
    name: string;
    store: MessageStore;
    consumer: MessageConsumer;
    publisher: Publisher;
    metrics: MessageWorkerMetrics;
    logger: Logger;
  }) {
    this.#name = parts.name;
    this.#store = parts.store;
    this.#consumer = parts.consumer;
    this.#publisher = parts.publisher;
    this.#metrics = parts.metrics;
    this.#logger = parts.logger;
  }

  /** Adds entries to save. An entry that is uncompleted here already is replaced. */
  add(entries: readonly PublishedEntry[]): void {
    for (const entry of entries) this.#uncompleted.set(keyOf(entry), entry);
    if (entries.length > 0) this.#wake();
  }

  has(entry: LogEntry): boolean {
    return this.#uncompleted.has(keyOf(entry));
  }

  /** The number of uncompleted entries. */
  get size(): number {
    return this.#uncompleted.size;
  }

  /** Extends this worker's claim on all uncompleted entries. */
  async extendClaims(): Promise<void> {
    const entryIds = [...this.#uncompleted.values()].map(({ entryId }) => entryId);
    if (entryIds.length > 0) await this.#consumer.extendClaim(entryIds);
  }

  /** Waits for entries, then saves and completes one batch. */
  async saveNext(signal: AbortSignal): Promise<void> {
    await this.#entriesArrive(signal);
    while (this.#collectMs() > 0 && !signal.aborted) await pause(Math.min(this.#collectMs(), MANY_INTERVAL_MS), signal);
    const batch = this.#nextBatch();
    if (batch.length === 0) return;
    this.#batchStartedAt = performance.now();
    const undeliverable = batch.filter((entry) => entry.deliveries > MAX_DELIVERIES);
    await this.#deadLetter(undeliverable, () => `not completed after ${MAX_DELIVERIES} deliveries`);

    const savable = await this.#withoutLost(batch.filter((entry) => entry.deliveries <= MAX_DELIVERIES));
    if (savable.length === 0) return;
    const rejections = new Map((await this.#save(savable)).map((rejection) => [rejection.id, rejection]));
    await this.#complete(savable.filter((entry) => !rejections.has(entry.message.id)));
    if (rejections.size > 0) await this.#handleRejections(savable, rejections);
  }

  async #withoutLost(entries: readonly PublishedEntry[]): Promise<readonly PublishedEntry[]> {
    if (entries.length === 0) return entries;
    const lost = new Set(await this.#findLost(entries));
    if (lost.size === 0) return entries;
    this.#remove([...lost]);
    this.#metrics.chat_messages_lost_total.inc(lost.size);
    const messageIds = [...lost].map(({ message }) => message.id);
    this.#logger.warn({ messageIds }, 'Redis lost messages before they were saved');
    return entries.filter((entry) => !lost.has(entry));
  }

  async #findLost(entries: readonly LogEntry[]): Promise<LogEntry[]> {
    try {
      return await this.#consumer.findLost(entries);
    } catch (error) {
      if (!isRedisUnavailable(error)) throw error;
      // Saved now, they survive if Redis has lost them: the heads are initialised from the store.
      return [];
    }
  }

  async #save(entries: readonly PublishedEntry[]): Promise<Rejection[]> {
    try {
      const endTimer = this.#metrics.chat_save_seconds.startTimer();
      const rejections = await saveIsolating(
        this.#store,
        entries.map((entry) => this.#trace(entry)),
      );
      endTimer();
      this.#metrics.chat_save_batch_messages.observe(entries.length);
      this.#maxBatchMessages = Math.min(MAX_SAVE_MESSAGES, 2 * this.#maxBatchMessages);
      return rejections;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#postpone(entries);
      throw error;
    }
  }

  /** Makes the next batches smaller and begins them with other entries. */
  #postpone(entries: readonly PublishedEntry[]): void {
    this.#maxBatchMessages = Math.max(1, Math.floor(entries.length / 2));
    for (const entry of entries) {
      this.#uncompleted.delete(keyOf(entry));
      this.#uncompleted.set(keyOf(entry), entry);
    }
  }

  #trace({ message, appendedBy, epoch, publishedAtMs }: PublishedEntry): TracedMessage {
    const savedAtMs = Date.now();
    return { ...message, trace: { acceptedBy: appendedBy, savedBy: this.#name, publishedAtMs, savedAtMs, epoch } };
  }

  async #handleRejections(
    entries: readonly PublishedEntry[],
    rejections: ReadonlyMap<MessageId, Rejection>,
  ): Promise<void> {
    this.#metrics.chat_save_rejections_total.inc(rejections.size);
    const rejected = entries.filter(({ message }) => rejections.has(message.id));
    const replacing = await this.#withdrawOccupants(rejected, rejections);
    const refused = rejected.filter((entry) => !replacing.has(entry) && this.#isRejectedFinally(entry));
    await this.#deadLetter(refused, (entry) => `the store rejected it: ${rejections.get(entry.message.id)?.reason}`, {
      storeWorks: rejected.length < entries.length,
    });
  }

  /** @returns the entries whose seqs were taken and are free now */
  async #withdrawOccupants(
    rejected: readonly PublishedEntry[],
    rejections: ReadonlyMap<MessageId, Rejection>,
  ): Promise<ReadonlySet<LogEntry>> {
    const conflicts = rejected.filter(({ message }) => rejections.get(message.id)?.takenBy !== undefined);
    if (conflicts.length === 0) return new Set();
    // Asked after the store named the occupants: none of them can be a message of a later epoch.
    const current = await this.#consumer.findCurrent(conflicts);
    for (const { message } of current) {
      const occupantId = rejections.get(message.id)?.takenBy as MessageId;
      await this.#store.withdraw({ id: occupantId, conversationId: message.conversationId, seq: message.seq });
      this.#metrics.chat_messages_replaced_total.inc();
      this.#logger.warn({ messageId: message.id, occupantId }, 'a message of an ended epoch gave up its seq');
    }
    return new Set(current);
  }

  #entriesArrive(signal: AbortSignal): Promise<void> {
    if (this.#uncompleted.size > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const proceed = () => {
        signal.removeEventListener('abort', proceed);
        resolve();
      };
      this.#wake = proceed;
      signal.addEventListener('abort', proceed);
    });
  }

  /** Returns how long the next batch should still collect entries, ms. */
  #collectMs(): number {
    const intervalMs = this.#uncompleted.size < MANY_MESSAGES ? FEW_INTERVAL_MS : MANY_INTERVAL_MS;
    return this.#batchStartedAt + intervalMs - performance.now();
  }

  #nextBatch(): PublishedEntry[] {
    const batch: PublishedEntry[] = [];
    for (const entry of this.#uncompleted.values()) {
      if (entry.deliveries > ISOLATE_AFTER_DELIVERIES) {
        if (batch.length === 0) return [entry];
        continue;
      }
      batch.push(entry);
      if (batch.length === this.#maxBatchMessages) break;
    }
    return batch;
  }

  async #complete(entries: readonly LogEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const offsets = await this.#consumer.complete(entries);
    this.#remove(entries);
    this.#metrics.chat_messages_completed_total.inc(entries.length);
    if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug({ messageIds: entries.map(({ message }) => message.id) }, 'stored');
    }
    this.#publisher.publishStored(offsets);
  }

  /** Counts a rejection. Returns whether the entry has reached {@link MAX_REJECTIONS}. */
  #isRejectedFinally(entry: LogEntry): boolean {
    const rejections = (this.#rejections.get(keyOf(entry)) ?? 0) + 1;
    this.#rejections.set(keyOf(entry), rejections);
    return rejections >= MAX_REJECTIONS;
  }

  /**
   * Moves entries to the dead letters. A placeholder takes each one's seq in the history, because seqs have no gaps. The store may
   * reject the placeholder as well if the seq is in use.
   *
   * @param options.storeWorks whether the store has just saved other messages; if not, an error for the placeholders is the store's
   */
  async #deadLetter(
    entries: readonly LogEntry[],
    reasonOf: (entry: LogEntry) => string,
    { storeWorks = false } = {},
  ): Promise<void> {
    if (entries.length === 0) return;
    const dead = entries.map((entry) => ({ ...entry, reason: reasonOf(entry) }));
    try {
      await this.#store.saveBatch(entries.map(({ message }) => toPlaceholder(message)));
    } catch (error) {
      if (!storeWorks || error instanceof StoreUnavailable) throw error;
      this.#logger.error({ err: error }, 'the store does not accept the placeholder of a message either');
    }
    await this.#consumer.deadLetter(dead);
    this.#remove(entries);
    this.#metrics.chat_messages_dead_lettered_total.inc(dead.length);
    for (const { entryId, message, reason } of dead) {
      this.#logger.error({ entryId, messageId: message.id, reason }, 'a message was moved to the dead letters');
    }
  }

  #remove(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#uncompleted.delete(keyOf(entry));
      this.#rejections.delete(keyOf(entry));
    }
  }
}

const keyOf = ({ entryId, epoch }: LogEntry): string => `${epoch} ${entryId}`;

function toPlaceholder({ text: _text, media: _media, replyTo: _replyTo, ...message }: MessageRecord): MessageRecord {
  return { ...message, kind: 'system', text: 'This message could not be stored.' };
}
