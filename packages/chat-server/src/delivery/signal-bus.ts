import type { ConversationId, Receipt, UserId } from '@parley/protocol';
import { type Logger, publishInOrder, type RedisConnection } from '@parley/service-kit';

/** The number is the version of the format: servers of mixed releases must not misread each other. */
const CHANNEL = 'parley:signals:1';

/** How long signals are collected: many readers and typists cost each server one packet. */
const COLLECT_MS = 150;

/** The most signals that are collected while Redis is slow. Further ones are dropped. */
const MAX_COLLECTED = 5_000;

/** A short-lived fact that is sent at most once. A client that missed one gets a newer one, or asks. */
export type Signal =
  | {
      readonly kind: 'typing';
      readonly conversationId: ConversationId;
      readonly userId: UserId;
      readonly isTyping: boolean;
    }
  | { readonly kind: 'receipt'; readonly conversationId: ConversationId; readonly receipt: Receipt };

/** A later signal with the same key replaces an earlier one. */
const keyOf = (signal: Signal): string =>
  `${signal.kind} ${signal.conversationId} ${signal.kind === 'typing' ? signal.userId : signal.receipt.userId}`;

/**
 * Broadcasts signals to all chat servers, this one included, over Redis publish/subscribe. Signals are collected for a short
 * time, and only the newest of each key is sent. Delivery is at most once; signals of one key arrive in order.
 */
export class SignalBus {
  readonly #command: RedisConnection;
  readonly #logger: Logger;
  readonly #collected = new Map<string, Signal>();
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(parts: { command: RedisConnection; logger: Logger }) {
    this.#command = parts.command;
    this.#logger = parts.logger;
  }

  /**
   * Subscribes to the signals of all servers.
   *
   * @param subscriber a connection in subscriber mode; may carry other subscriptions
   */
  async listen(subscriber: RedisConnection, receive: (signals: readonly Signal[]) => void): Promise<void> {
    subscriber.on('message', (channel: string, text: string) => {
      if (channel === CHANNEL) receive(JSON.parse(text) as Signal[]);
    });
    await subscriber.subscribe(CHANNEL);
  }

  send(signal: Signal): void {
    const key = keyOf(signal);
    if (this.#collected.size >= MAX_COLLECTED && !this.#collected.has(key)) return;
    this.#collected.set(key, signal);
    this.#schedule();
  }

  /** Drops the collected signals. */
  close(): void {
    clearTimeout(this.#timer);
    this.#collected.clear();
  }

  #schedule(): void {
    if (this.#timer || this.#isSending || this.#collected.size === 0) return;
    this.#timer = setTimeout(() => void this.#flush(), COLLECT_MS);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    const signals = [...this.#collected.values()];
    this.#collected.clear();
    try {
      await publishInOrder(this.#command, CHANNEL, JSON.stringify(signals));
    } catch (error) {
      this.#logger.debug({ err: error, signals: signals.length }, 'signals were not published');
    }
    this.#isSending = false;
    this.#schedule();
  }
}
