import type { LogEntry, MessageConsumer } from '@parley/message-log';
import type { MessageStore, TracedMessage } from '@parley/message-store';
import type { MessageRecord } from '@parley/protocol';
import { type Logger, pause } from '@parley/service-kit';
import type { MessageWorkerMetrics } from './metrics.ts';
import type { Publisher } from './publisher.ts';

/** The most messages in one bulk write. */
const MAX_SAVE_MESSAGES = 500;

/** A message that the store rejects this often goes to the dead letters. */
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
 * leaves it here, and the next batch tries again. An unavailable store therefore delays messages and loses none.
 *
 * **Isolated.** Uncompleted, and delivered more than 3 times: earlier workers may have crashed on it. It is saved alone, so a
 * batch cannot fail because of it.
 *
 * **Completed.** It is in the store and removed from the log; its capacity in process is free. The committed offset is published.
 *
 * **Dead.** The store rejected it 3 times, or it was delivered more than 20 times. A placeholder takes its seq in the history,
 * and the entry is in the dead letters.
 */
export class Saver {
  readonly #name: string;
  readonly #store: MessageStore;
  readonly #consumer: MessageConsumer;
  readonly #publisher: Publisher;
  readonly #metrics: MessageWorkerMetrics;
  readonly #logger: Logger;
  /** By entry id, in the order of `add`. */
  readonly #uncompleted = new Map<string, PublishedEntry>();
  readonly #rejections = new Map<string, number>();
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
    for (const entry of entries) this.#uncompleted.set(entry.entryId, entry);
    if (entries.length > 0) this.#wake();
  }

  has(entryId: string): boolean {
    return this.#uncompleted.has(entryId);
  }

  /** The number of uncompleted entries. */
  get size(): number {
    return this.#uncompleted.size;
  }

  /** Extends this worker's claim on all uncompleted entries. */
  async extendClaims(): Promise<void> {
    if (this.#uncompleted.size > 0) await this.#consumer.extendClaim([...this.#uncompleted.keys()]);
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

    const savable = batch.filter((entry) => entry.deliveries <= MAX_DELIVERIES);
    if (savable.length === 0) return;
    const endTimer = this.#metrics.chat_save_seconds.startTimer();
    const { rejected } = await this.#store.saveBatch(savable.map((entry) => this.#trace(entry)));
    endTimer();
    this.#metrics.chat_save_batch_messages.observe(savable.length);

    const reasons = new Map(rejected.map(({ id, reason }) => [id, reason]));
    await this.#complete(savable.filter((entry) => !reasons.has(entry.message.id)));
    const refused = savable.filter((entry) => this.#isRejectedFinally(entry, reasons));
    await this.#deadLetter(refused, (entry) => `the store rejected it: ${reasons.get(entry.message.id)}`);
  }

  #trace({ message, appendedBy, publishedAtMs }: PublishedEntry): TracedMessage {
    return { ...message, trace: { acceptedBy: appendedBy, savedBy: this.#name, publishedAtMs, savedAtMs: Date.now() } };
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
      if (batch.length === MAX_SAVE_MESSAGES) break;
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
  #isRejectedFinally(entry: LogEntry, reasons: ReadonlyMap<string, string>): boolean {
    if (!reasons.has(entry.message.id)) return false;
    const rejections = (this.#rejections.get(entry.entryId) ?? 0) + 1;
    this.#rejections.set(entry.entryId, rejections);
    return rejections >= MAX_REJECTIONS;
  }

  /**
   * Moves entries to the dead letters. A placeholder takes each one's seq in the history, because seqs have no gaps. The store may
   * reject the placeholder as well if the seq is in use.
   */
  async #deadLetter(entries: readonly LogEntry[], reasonOf: (entry: LogEntry) => string): Promise<void> {
    if (entries.length === 0) return;
    const dead = entries.map((entry) => ({ entryId: entry.entryId, message: entry.message, reason: reasonOf(entry) }));
    await this.#store.saveBatch(entries.map(({ message }) => toPlaceholder(message)));
    await this.#consumer.deadLetter(dead);
    this.#remove(entries);
    this.#metrics.chat_messages_dead_lettered_total.inc(dead.length);
    for (const { entryId, message, reason } of dead) {
      this.#logger.error({ entryId, messageId: message.id, reason }, 'a message was moved to the dead letters');
    }
  }

  #remove(entries: readonly LogEntry[]): void {
    for (const { entryId } of entries) {
      this.#uncompleted.delete(entryId);
      this.#rejections.delete(entryId);
    }
  }
}

function toPlaceholder({ text: _text, media: _media, replyTo: _replyTo, ...message }: MessageRecord): MessageRecord {
  return { ...message, kind: 'system', text: 'This message could not be stored.' };
}
