import type { LogEntry, MessageConsumer } from '@parley/message-log';
import type { MessageStore, TracedMessage } from '@parley/message-store';
import type { MessageRecord } from '@parley/protocol';
import { type Logger, pause } from '@parley/service-kit';
import type { MessageWorkerMetrics } from './metrics.ts';
import type { Publisher } from './publisher.ts';

/** One bulk write carries at most this many messages. */
const MAX_SAVE_MESSAGES = 500;

/** A message that the store refuses this often goes to the dead letters. */
const MAX_REFUSALS = 3;

/** A message that this many workers failed to complete is saved alone, so that it takes no other down with it. */
const ISOLATE_AFTER_DELIVERIES = 3;

/** A message that this many workers failed to complete goes to the dead letters. */
const MAX_DELIVERIES = 20;

/**
 * How far apart batches begin, ms. Nobody waits for them but the places in process, and clients that want to forget what they
 * sent; so a few messages wait for more, and many only as long as it takes to share the cost.
 */
const FEW_APART_MS = 100;
const MANY_APART_MS = 30;
const MANY_MESSAGES = 50;

/** An entry on its way to the store. */
export interface PublishedEntry extends LogEntry {
  /** Unix milliseconds. */
  readonly publishedAtMs: number;
}

/**
 * Saves what was published, then completes it. While one bulk write runs, what arrives gathers for the next: load makes
 * batches. A store that is away is waited for; nothing is given up but what the store will never take.
 */
export class Saver {
  readonly #name: string;
  readonly #store: MessageStore;
  readonly #consumer: MessageConsumer;
  readonly #publisher: Publisher;
  readonly #metrics: MessageWorkerMetrics;
  readonly #logger: Logger;
  /** What is in hand and not completed, by entry id, in the order in which it came. */
  readonly #inHand = new Map<string, PublishedEntry>();
  readonly #refusals = new Map<string, number>();
  #batchBeganAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;

  constructor(parts: {
    /** The worker's name, for the messages' traces. */
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

  /** Takes entries in hand; one that is already there is the same entry, taken over from nobody. */
  add(entries: readonly PublishedEntry[]): void {
    for (const entry of entries) this.#inHand.set(entry.entryId, entry);
    if (entries.length > 0) this.#wake();
  }

  has(entryId: string): boolean {
    return this.#inHand.has(entryId);
  }

  get size(): number {
    return this.#inHand.size;
  }

  /** Tells the log that this worker is alive and at it. */
  async keepInHand(): Promise<void> {
    if (this.#inHand.size > 0) await this.#consumer.extendClaim([...this.#inHand.keys()]);
  }

  /** Saves and completes one batch; waits for something to save first. */
  async saveNext(signal: AbortSignal): Promise<void> {
    await this.#workArrives(signal);
    while (this.#gatherMs() > 0 && !signal.aborted) await pause(Math.min(this.#gatherMs(), MANY_APART_MS), signal);
    const batch = this.#nextBatch();
    if (batch.length === 0) return;
    this.#batchBeganAt = performance.now();
    const hopeless = batch.filter((entry) => entry.deliveries > MAX_DELIVERIES);
    await this.#giveUp(hopeless, () => `${MAX_DELIVERIES} workers did not complete it`);

    const hopeful = batch.filter((entry) => entry.deliveries <= MAX_DELIVERIES);
    if (hopeful.length === 0) return;
    const endTimer = this.#metrics.chat_save_seconds.startTimer();
    const { rejected } = await this.#store.saveBatch(hopeful.map((entry) => this.#trace(entry)));
    endTimer();
    this.#metrics.chat_save_batch_messages.observe(hopeful.length);

    const reasons = new Map(rejected.map(({ id, reason }) => [id, reason]));
    await this.#complete(hopeful.filter((entry) => !reasons.has(entry.message.id)));
    const refused = hopeful.filter((entry) => this.#isRefusedForGood(entry, reasons));
    await this.#giveUp(refused, (entry) => `the store refused it: ${reasons.get(entry.message.id)}`);
  }

  #trace({ message, appendedBy, publishedAtMs }: PublishedEntry): TracedMessage {
    return { ...message, trace: { acceptedBy: appendedBy, savedBy: this.#name, publishedAtMs, savedAtMs: Date.now() } };
  }

  #workArrives(signal: AbortSignal): Promise<void> {
    if (this.#inHand.size > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const proceed = () => {
        signal.removeEventListener('abort', proceed);
        resolve();
      };
      this.#wake = proceed;
      signal.addEventListener('abort', proceed);
    });
  }

  /** How long the next batch should still gather. */
  #gatherMs(): number {
    const apartMs = this.#inHand.size < MANY_MESSAGES ? FEW_APART_MS : MANY_APART_MS;
    return this.#batchBeganAt + apartMs - performance.now();
  }

  #nextBatch(): PublishedEntry[] {
    const batch: PublishedEntry[] = [];
    for (const entry of this.#inHand.values()) {
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
    const marks = await this.#consumer.complete(entries);
    this.#letGo(entries);
    this.#metrics.chat_messages_completed_total.inc(entries.length);
    if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug({ messageIds: entries.map(({ message }) => message.id) }, 'stored');
    }
    this.#publisher.publishStored(marks);
  }

  #isRefusedForGood(entry: LogEntry, reasons: ReadonlyMap<string, string>): boolean {
    if (!reasons.has(entry.message.id)) return false;
    const refusals = (this.#refusals.get(entry.entryId) ?? 0) + 1;
    this.#refusals.set(entry.entryId, refusals);
    return refusals >= MAX_REFUSALS;
  }

  /**
   * Moves entries to the dead letters. A placeholder takes their place in the history, because seqs have no gaps; the store may
   * refuse that as well where the place itself is taken.
   */
  async #giveUp(entries: readonly LogEntry[], reasonOf: (entry: LogEntry) => string): Promise<void> {
    if (entries.length === 0) return;
    const dead = entries.map((entry) => ({ entryId: entry.entryId, message: entry.message, reason: reasonOf(entry) }));
    await this.#store.saveBatch(entries.map(({ message }) => toPlaceholder(message)));
    await this.#consumer.deadLetter(dead);
    this.#letGo(entries);
    this.#metrics.chat_messages_dead_lettered_total.inc(dead.length);
    for (const { entryId, message, reason } of dead) {
      this.#logger.error({ entryId, messageId: message.id, reason }, 'a message went to the dead letters');
    }
  }

  #letGo(entries: readonly LogEntry[]): void {
    for (const { entryId } of entries) {
      this.#inHand.delete(entryId);
      this.#refusals.delete(entryId);
    }
  }
}

function toPlaceholder({ text: _text, media: _media, replyTo: _replyTo, ...message }: MessageRecord): MessageRecord {
  return { ...message, kind: 'system', text: 'This message could not be stored.' };
}
