import type { Logger, RedisConnection } from '@parley/service-kit';
import { nameOf, type Signal } from './signal.ts';

/** Names the form of what goes through it, so that mixed releases never misread each other. */
const CHANNEL = 'parley:signals:1';

/** Signals gather so long: many readers and typists cost each server one packet. */
const GATHER_MS = 150;

/** What may gather while Redis is slow; what comes on top of it is dropped. */
const MAX_GATHERED = 5_000;

/** Carries signals from each chat server to all, itself included: gathered, the newest of each kind, at most once. */
export class SignalBus {
  readonly #command: RedisConnection;
  readonly #logger: Logger;
  readonly #gathered = new Map<string, Signal>();
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(parts: { command: RedisConnection; logger: Logger }) {
    this.#command = parts.command;
    this.#logger = parts.logger;
  }

  /**
   * Calls `receive` with all that is sent from now on.
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
    const name = nameOf(signal);
    if (this.#gathered.size >= MAX_GATHERED && !this.#gathered.has(name)) return;
    this.#gathered.set(name, signal);
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#gathered.clear();
  }

  #schedule(): void {
    if (this.#timer || this.#isSending || this.#gathered.size === 0) return;
    this.#timer = setTimeout(() => void this.#flush(), GATHER_MS);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    const signals = [...this.#gathered.values()];
    this.#gathered.clear();
    try {
      await this.#command.publish(CHANNEL, JSON.stringify(signals));
    } catch (error) {
      this.#logger.debug({ err: error, signals: signals.length }, 'signals were lost');
    }
    this.#isSending = false;
    this.#schedule();
  }
}
