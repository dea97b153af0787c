import type { MessageConsumer } from '@parley/message-log';
import type { Logger, RedisMemory } from '@parley/service-kit';
import type { MessageWorkerMetrics } from './metrics.ts';

/** The pause after a trim that freed memory. Messages that are stored during it can leave with the next one. */
const PAUSE_MS = 2_000;

/** The pause after a trim that found nothing: each one examines all keys. */
const LONG_PAUSE_MS = 30_000;

interface MemoryReliefParts {
  readonly memory: RedisMemory;
  readonly consumer: MessageConsumer;
  readonly metrics: MessageWorkerMetrics;
  readonly logger: Logger;
}

/**
 * Frees memory while Redis is near its limit: stored messages leave the recent windows, and history comes from the store. Without it
 * the windows of conversations that are not idle could keep a Redis full although everything is stored, and senders would get `BUSY`
 * for as long.
 */
export class MemoryRelief {
  readonly #parts: MemoryReliefParts;
  #notBefore = 0;

  constructor(parts: MemoryReliefParts) {
    this.#parts = parts;
  }

  /** Polls the memory of Redis, and trims the recent windows if it is near its limit. */
  async check(signal: AbortSignal): Promise<void> {
    const { memory, consumer, metrics, logger } = this.#parts;
    await memory.poll();
    if (!memory.isNearLimit || performance.now() < this.#notBefore) return;
    const trimmed = await consumer.trimRecent(signal);
    this.#notBefore = performance.now() + (trimmed > 0 ? PAUSE_MS : LONG_PAUSE_MS);
    metrics.chat_recent_messages_trimmed_total.inc(trimmed);
    if (trimmed > 0) logger.info({ trimmed }, 'Redis is near its memory limit: trimmed the recent windows');
  }
}
