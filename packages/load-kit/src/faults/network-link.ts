import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../seeded-random.ts';

const BACKLOG = 4_096;
const HIGH_WATER_BYTES = 64 * 1_024;

/** Properties of a slow network, in each direction of each connection. */
export interface NetworkShape {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
}

/**
 * A TCP relay between the clients and the cluster. It can cut connections without a close handshake, as a failing network does,
 * and can delay and limit their bytes. toxiproxy could do the same, but is not installed everywhere.
 */
export class NetworkLink {
  readonly #server: Server;
  readonly #pairs = new Set<{ near: Socket; far: Socket }>();
  #isInterrupted = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param target.localAddress the address that the target sees as its client's; undefined = chosen by the system
   * @param shape undefined = bytes are passed on at once
   */
  static async open(
    target: { readonly host: string; readonly port: number; readonly localAddress?: string },
    shape?: NetworkShape,
  ): Promise<NetworkLink> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    const link = new NetworkLink(server);
    server.on('connection', (near) => {
      if (link.#isInterrupted) {
        near.resetAndDestroy();
        return;
      }
      link.#relay(near, connect({ ...target, noDelay: true, allowHalfOpen: true }), shape);
    });
    server.listen(0, '127.0.0.1', BACKLOG);
    await once(server, 'listening');
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resets all connections, and every new one until `restore`. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.cut(1, () => 0);
  }

  restore(): void {
    this.#isInterrupted = false;
  }

  /** Resets about this share of the connections. @returns the number of connections */
  cut(share: number, random: Random): number {
    const chosen = [...this.#pairs].filter(() => random() < share);
    for (const { near, far } of chosen) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return chosen.length;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    await closed;
  }

  #relay(near: Socket, far: Socket, shape: NetworkShape | undefined): void {
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        if (to.destroyed) this.#pairs.delete(pair);
      });
      if (shape) forwardSlowly(from, to, shape);
      else from.pipe(to);
    }
  }
}

/** Delays each chunk, never lets one overtake another, and limits the bytes per second. */
function forwardSlowly(from: Socket, to: Socket, { latencyMs, jitterMs, bytesPerSecond }: NetworkShape): void {
  let freeAtMs = 0;
  let queuedBytes = 0;
  const timers = new Set<NodeJS.Timeout>();
  const queue: (() => void)[] = [];
  const schedule = (bytes: number, deliver: () => void) => {
    const nowMs = performance.now();
    const startAtMs = Math.max(nowMs + latencyMs + Math.random() * jitterMs, freeAtMs);
    freeAtMs = startAtMs + (bytes / bytesPerSecond) * 1_000;
    queue.push(deliver);
    const timer = setTimeout(() => {
      timers.delete(timer);
      queue.shift()?.(); // timers round their delays, so the queue decides the order
    }, freeAtMs - nowMs);
    timers.add(timer);
  };
  from.on('data', (chunk: Buffer) => {
    queuedBytes += chunk.length;
    if (queuedBytes > HIGH_WATER_BYTES) from.pause();
    schedule(chunk.length, () => {
      queuedBytes -= chunk.length;
      if (queuedBytes <= HIGH_WATER_BYTES) from.resume();
      to.write(chunk);
    });
  });
  from.on('end', () => schedule(0, () => to.end()));
  to.on('close', () => {
    for (const timer of timers) clearTimeout(timer);
  });
}
