import { randomUUID } from 'node:crypto';
import type { Logger, RedisConnection } from '@parley/service-kit';
import { elapsedMs } from './elapsed-time.ts';
import type { ServerChannel, ServerMessage } from './server-channel.ts';

/** How long a returned ping proves that the subscription works. */
export const CERTAIN_FOR_MS = 2_500;

/** A subscriber that has received nothing for this long, although pings were published, is replaced. */
const DEAD_AFTER_MS = 6_000;

/**
 * Monitors this server's Redis subscription with pings to its own channel.
 *
 * Another server ends a replaced session by a message to this channel. A server that may have missed such a message could serve a
 * session that continues elsewhere, so it serves none until it is certain again.
 *
 * **Certain**: a ping that was sent less than 2.5 s ago has returned on the subscriber's current connection. Redis keeps the order of
 * a channel, so everything published before that ping has arrived as well. Sessions are served.
 *
 * **Uncertain**: the newest ping that returned is older. The process was frozen, the machine was suspended, Redis is slow, or the
 * subscription is broken. The next ping that returns makes the server certain again, because nothing was lost on this connection.
 *
 * **Unconfirmed**: the subscriber has a new connection. Messages between the two connections are lost. When the first ping returns, the
 * sessions are compared with their leases (`confirmSessions`). Success makes the server certain; after a failure the next ping tries
 * again.
 *
 * **Dead**: pings are published, but nothing has arrived for 6 s. A subscription can die without an error on its connection. The
 * connection is replaced, and the state is unconfirmed.
 */
export class SubscriptionHealth {
  readonly #channel: ServerChannel;
  readonly #logger: Logger;
  readonly #confirmSessions: () => Promise<void>;
  /** Identifies this process in its pings. */
  readonly #processId = randomUUID();
  #subscriber: RedisConnection | undefined;
  #receivedAt = performance.now();
  /** Counts the subscriber's connections. */
  #period = 0;
  /** The connection on which the sessions were last confirmed. */
  #confirmedPeriod = 0;
  #isConfirming = false;
  /** `elapsedMs()`: everything sent to this server before it has arrived, on the current connection. */
  #receivedUpTo = elapsedMs();

  /** @param parts.confirmSessions ends the sessions that lost their slots; rejects while Redis is unavailable */
  constructor(parts: { channel: ServerChannel; logger: Logger; confirmSessions: () => Promise<void> }) {
    this.#channel = parts.channel;
    this.#logger = parts.logger;
    this.#confirmSessions = parts.confirmSessions;
  }

  /**
   * Monitors a connection that is subscribed to this server's channel.
   *
   * @param subscriber the connection that Socket.IO's adapter uses as well: a returned ping proves both subscriptions
   */
  monitor(subscriber: RedisConnection): void {
    this.#subscriber = subscriber;
    this.#receivedUpTo = elapsedMs();
    subscriber.on('close', () => {
      this.#period += 1;
    });
  }

  /** Whether this server would know by now if one of its sessions had been replaced more than 2.5 s ago. */
  get isCertain(): boolean {
    return this.#confirmedPeriod === this.#period && elapsedMs() - this.#receivedUpTo < CERTAIN_FOR_MS;
  }

  /**
   * Sends a ping, and replaces the subscriber's connection if it is dead.
   *
   * @returns whether the connection was replaced
   */
  async check(): Promise<boolean> {
    const ping = { type: 'ping', from: this.#processId, period: this.#period, sentAt: elapsedMs() } as const;
    const receivers = await this.#channel.publish(this.#channel.node, ping);
    if (receivers === undefined) this.#receivedAt = performance.now();
    if (performance.now() - this.#receivedAt < DEAD_AFTER_MS) return false;
    this.#logger.warn({ receivers }, 'the subscriber receives nothing; replacing its connection');
    this.#receivedAt = performance.now();
    this.#subscriber?.disconnect(true);
    return true;
  }

  /** Handles every message of this server's channel. */
  receive(message: ServerMessage): void {
    this.#receivedAt = performance.now();
    if (message.type !== 'ping' || message.from !== this.#processId || message.period !== this.#period) return;
    this.#receivedUpTo = message.sentAt;
    if (this.#confirmedPeriod !== message.period) void this.#confirm(message.period);
  }

  async #confirm(period: number): Promise<void> {
    if (this.#isConfirming) return;
    this.#isConfirming = true;
    try {
      await this.#confirmSessions();
      this.#confirmedPeriod = period;
    } catch (error) {
      this.#logger.debug({ err: error }, 'sessions could not be confirmed; the next ping tries again');
    }
    this.#isConfirming = false;
  }
}
