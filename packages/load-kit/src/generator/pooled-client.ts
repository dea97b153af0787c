import { pause } from '@parley/service-kit';
import type { Arrivals } from './arrivals.ts';
import type { FrameCache } from './frame-cache.ts';
import { machineNowMs } from './machine-clock.ts';
import type { ClientIdentity, ProtocolAdapter } from './protocol-adapter.ts';
import { type Address, RawClient } from './raw-client.ts';
import { ReceivedTally } from './received-tally.ts';

/** The default reconnect back-off of socket.io-client: 1 s, doubled up to 5 s, each ± 50 %. */
const RECONNECT = { firstMs: 1_000, longestMs: 5_000, randomness: 0.5 } as const;

const RESEND_MS = 500;

export interface PooledClientOptions {
  readonly identity: ClientIdentity;
  readonly address: Address;
  readonly adapter: ProtocolAdapter;
  readonly reconnects: boolean;
  readonly frameCache: FrameCache;
  readonly arrivals: Arrivals;
  count(what: 'failedConnects' | 'closed' | 'refused', name: string): void;
  /** @param dueMs the time at which the message was due */
  onAccepted(client: PooledClient, stream: string, number: number, dueMs: number): void;
}

/** A message to send. Times are in `machineNowMs`. */
export interface OutgoingMessage {
  readonly text: string;
  readonly dueMs: number;
  onAcked?(): void;
  /** Called when it is refused and not sent again. */
  onRefused?(): void;
}

/** One client of a pool: its connection, its unacked messages, and a tally of received messages. */
export class PooledClient {
  readonly identity: ClientIdentity;
  readonly tally = new ReceivedTally();
  readonly #options: PooledClientOptions;
  readonly #client: RawClient;
  /** Unacked messages, by the sender's own count. */
  readonly #unacked = new Map<number, OutgoingMessage>();
  #sent = 0;
  #hasLeft = false;
  #isFetching = false;
  /** Another gap appeared while a page is being fetched. */
  #hasMissedMore = false;

  constructor(options: PooledClientOptions) {
    const { identity, address, adapter, frameCache, arrivals } = options;
    this.identity = identity;
    this.#options = options;
    this.#client = new RawClient(identity, address, adapter, {
      onEvent: (_client, buffer, start, end) => {
        const frame = frameCache.lookUp(buffer, start, end);
        let isMissing = false;
        for (const { stream, first, last } of frame.runs) isMissing = this.tally.take(stream, first, last) || isMissing;
        arrivals.note(frame, machineNowMs());
        if (isMissing && options.reconnects) this.#fetchMissing(identity.room);
      },
      onReply: (_client, _greeting, reply) => {
        const own = adapter.headsOf(reply).find(({ stream }) => stream === identity.room);
        if (!own) return;
        this.tally.begin(frameCache.streamOf(own.stream), own.head);
        if (options.reconnects && this.#completeUpTo(own.stream) < own.head) this.#fetchMissing(own.stream);
      },
      onClosed: (_client, reason) => {
        options.count('closed', reason);
        if (options.reconnects && !this.#hasLeft) void this.#reconnect();
      },
    });
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  /** Messages that are neither acked nor refused. */
  get unacked(): number {
    return this.#unacked.size;
  }

  async connect(): Promise<void> {
    const failure = await this.#client.connect();
    if (failure === undefined) return;
    this.#options.count('failedConnects', failure);
    if (this.#options.reconnects && !this.#hasLeft) await this.#reconnect();
  }

  /**
   * Sends a message.
   *
   * @returns false when the client is disconnected and does not reconnect
   */
  send(message: OutgoingMessage): boolean {
    if (!this.isReady && !this.#options.reconnects) return false;
    this.#sent += 1;
    this.#unacked.set(this.#sent, message);
    if (this.isReady) this.#send(this.#sent);
    return true;
  }

  close(): void {
    this.#hasLeft = true;
    this.#client.cut();
  }

  async #reconnect(): Promise<void> {
    for (let failures = 0; !this.#hasLeft; failures += 1) {
      const { firstMs, longestMs, randomness } = RECONNECT;
      const waitMs = Math.min(longestMs, firstMs * 2 ** failures);
      await pause(waitMs * (1 - randomness + 2 * randomness * Math.random()));
      if (this.#hasLeft) return;
      this.#isFetching = false;
      const failure = await this.#client.connect();
      if (failure === undefined) break;
      this.#options.count('failedConnects', failure);
    }
    for (const count of this.#unacked.keys()) this.#send(count);
  }

  #send(count: number): void {
    const { identity, adapter } = this.#options;
    const unacked = this.#unacked.get(count);
    if (!unacked) return;
    this.#client.ask(adapter.send(identity, count, unacked.text), (reply) => {
      const outcome = adapter.outcomeOf(identity, count, reply);
      if (outcome.kind === 'accepted') {
        if (!this.#unacked.delete(count)) return;
        this.#options.onAccepted(this, outcome.stream, outcome.number, unacked.dueMs);
        unacked.onAcked?.();
        return;
      }
      this.#options.count('refused', outcome.code);
      if (!this.#options.reconnects) {
        this.#unacked.delete(count);
        unacked.onRefused?.();
      } else setTimeout(() => this.isReady && this.#send(count), outcome.retryAfterMs ?? RESEND_MS);
    });
  }

  #completeUpTo(stream: string): number {
    return this.tally.completeUpTo(this.#options.frameCache.streamOf(stream));
  }

  /** Fetches missed messages, page by page, until a page is empty. */
  #fetchMissing(stream: string): void {
    const { adapter, frameCache } = this.#options;
    if (!adapter.since || !adapter.pageOf) return;
    if (this.#isFetching) {
      this.#hasMissedMore = true;
      return;
    }
    const { pageOf } = adapter;
    this.#isFetching = true;
    this.#hasMissedMore = false;
    this.#client.ask(adapter.since(stream, this.#completeUpTo(stream)), (reply) => {
      this.#isFetching = false;
      const page = pageOf(reply);
      for (const { number } of page ?? []) this.tally.fill(frameCache.streamOf(stream), number);
      if (!page) setTimeout(() => this.isReady && this.#fetchMissing(stream), RESEND_MS);
      else if (page.length > 0 || this.#hasMissedMore) this.#fetchMissing(stream);
    });
  }
}
