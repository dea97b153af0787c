import { isRedisReady, type Logger, type RedisConnection } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';

/** The subscription is unusable when it was uncertain in this many successive rounds. One may be late because the process was busy. */
const UNCERTAIN_ROUNDS = 2;

/** How long an isolated server keeps its sessions. Most connections to Redis are back before that. */
const HAND_OVER_AFTER_MS = 5_000;

/** How long an answer about the other servers is used. In a total outage every server asks. */
const READY_ANSWER_MS = 1_000;
const UNREADY_ANSWER_MS = 2_000;
const ANSWER_DEADLINE_MS = 2_000;

export interface IsolationParts {
  /** The connections without which no session can be served. */
  readonly connections: readonly RedisConnection[];
  readonly health: { readonly isCertain: boolean };
  /** The address of the load balancer, as this server reaches it; undefined = this server knows of no others. */
  readonly clusterUrl: string | undefined;
  readonly port: { close(): void; open(): Promise<void> };
  /** Moves all sessions to other servers. Ends those that have not moved, while `isIsolated` returns true. */
  readonly handOver: (isIsolated: () => boolean) => Promise<void>;
  readonly metrics: ChatServerMetrics;
  readonly logger: Logger;
}

/**
 * Keeps a server that alone has lost Redis from harming others: it would refuse its share of the newcomers, or more, because it has the
 * fewest connections and fails fastest.
 *
 * ## Serving
 * All connections are ready and the subscription is healthy.
 *
 * ## Cut off
 * Redis cannot be used, and no other server is ready: a total outage. Sessions and the port stay; clients get `UNAVAILABLE`. The server
 * asks `GET /readyz` at the address of the load balancer, which passes the question on to every server until one is ready. This works
 * without Redis, and it is the way by which clients would reach the other server.
 *
 * ## Isolated
 * Redis cannot be used, and another server is ready. The port is closed, so the load balancer connects to other servers at once. A
 * request on a connection that was open already is refused before any work, and nginx sends it to another server. After 5 s the
 * sessions are handed over (docs/decisions/0018-an-isolated-server-steps-aside.md).
 *
 * When Redis can be used again, or no other server is ready any more, the port is opened.
 */
export class Isolation {
  readonly #parts: IsolationParts;
  #uncertainRounds = 0;
  #isolatedAt: number | undefined;
  #answer: { readonly isReady: Promise<boolean>; readonly askedAt: number; isUsedForMs: number } | undefined;
  #reacting: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
    for (const connection of parts.connections) connection.on('close', () => void this.#react().catch(() => undefined));
  }

  /** Whether Redis can be used, so that sessions can be served. */
  get canServe(): boolean {
    return this.#uncertainRounds < UNCERTAIN_ROUNDS && this.#parts.connections.every(isRedisReady);
  }

  /** Whether a new request should be refused before any work, because another server can take it. */
  async refuses(): Promise<boolean> {
    if (this.canServe) return false;
    const isAnotherReady = await this.#isAnotherReady();
    if (!isAnotherReady || this.canServe) return false;
    if (this.#isolatedAt === undefined && !this.#isStopped) this.#begin();
    return true;
  }

  /** Checks the subscription, and changes the state. Called several times a second. */
  async round(): Promise<void> {
    this.#uncertainRounds = this.#parts.health.isCertain ? 0 : this.#uncertainRounds + 1;
    await this.#react();
  }

  /** Changes no state any more. */
  stop(): void {
    this.#isStopped = true;
  }

  #react(): Promise<void> {
    this.#reacting ??= this.#reactOnce().finally(() => {
      this.#reacting = undefined;
    });
    return this.#reacting;
  }

  async #reactOnce(): Promise<void> {
    const isIsolated = await this.refuses();
    if (this.#isStopped) return;
    if (!isIsolated) {
      if (this.#isolatedAt !== undefined) await this.#end();
      return;
    }
    const isolatedAt = this.#isolatedAt ?? performance.now();
    if (performance.now() - isolatedAt < HAND_OVER_AFTER_MS) return;
    await this.#parts.handOver(() => !this.canServe && !this.#isStopped);
  }

  #begin(): void {
    const { port, metrics, logger } = this.#parts;
    this.#isolatedAt = performance.now();
    port.close();
    metrics.chat_isolated.set(1);
    logger.warn('this server alone cannot use Redis; new connections go to other servers');
  }

  async #end(): Promise<void> {
    const { port, metrics, logger } = this.#parts;
    await port.open();
    this.#isolatedAt = undefined;
    metrics.chat_isolated.set(0);
    logger.info({ canServe: this.canServe }, 'this server accepts connections again');
  }

  /** Concurrent callers share one question. */
  #isAnotherReady(): Promise<boolean> {
    const { clusterUrl } = this.#parts;
    if (clusterUrl === undefined) return Promise.resolve(false);
    if (this.#answer && performance.now() - this.#answer.askedAt < this.#answer.isUsedForMs)
      return this.#answer.isReady;
    const answer = { isReady: isReady(clusterUrl), askedAt: performance.now(), isUsedForMs: ANSWER_DEADLINE_MS };
    this.#answer = answer;
    void answer.isReady.then((ready) => {
      answer.isUsedForMs = performance.now() - answer.askedAt + (ready ? READY_ANSWER_MS : UNREADY_ANSWER_MS);
    });
    return answer.isReady;
  }
}

/** Never rejects. */
async function isReady(clusterUrl: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/readyz', clusterUrl), {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
