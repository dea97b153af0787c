import type { MessageConsumer } from '@parley/message-log';
import type { Logger, RedisMemory } from '@parley/service-kit';
import type { MessageWorkerMetrics } from './metrics.ts';

/** The pause after a round that freed memory. Messages that are stored during it can leave with the next one. */
const PAUSE_MS = 2_000;

/** The pause after a round that found nothing: each one examines all keys. */
const LONG_PAUSE_MS = 30_000;

interface MemoryReliefParts {
  readonly memory: RedisMemory;
  readonly consumer: Pick<MessageConsumer, 'trimRecent' | 'deleteStoredUses'>;
  readonly metrics: MessageWorkerMetrics;
  readonly logger: Logger;
}

/**
 * Frees memory while Redis may be near its limit for any process, in two steps. First, stored messages leave the recent windows, and history comes from the
 * store. When that finds nothing, dedupe entries of stored messages leave, and the store is asked about repeats. Without it, data that
 * the store has could keep a Redis full for an hour, and senders would get `BUSY` for as long.
 */
export class MemoryRelief {
  readonly #parts: MemoryReliefParts;
  #notBefore = 0;

  constructor(parts: MemoryReliefParts) {
    this.#parts = parts;
  }

  /** Polls the memory of Redis, and frees some if it is near its limit. */
  async check(signal: AbortSignal): Promise<void> {
    const { memory, consumer, metrics, logger } = this.#parts;
    await memory.poll();
    if (!memory.mayBeNearLimit || performance.now() < this.#notBefore) return;
    const messages = await consumer.trimRecent(signal);
    const uses = messages > 0 ? 0 : await consumer.deleteStoredUses(signal);
    this.#notBefore = performance.now() + (messages + uses > 0 ? PAUSE_MS : LONG_PAUSE_MS);
    metrics.chat_recent_messages_trimmed_total.inc(messages);
    metrics.chat_dedupe_entries_deleted_total.inc(uses);
    if (messages + uses > 0) logger.info({ messages, uses }, 'Redis is near its memory limit: removed stored data');
  }
}
