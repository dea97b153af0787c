import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Network } from './scenario-file.ts';

const HIGH_WATER_BYTES = 64 * 1_024;

/**
 * A slow network between the users and the cluster: each connection's bytes take longer, some more than others but never
 * overtaking, and no more of them get through in a second than the network carries.
 */
export class SlowLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(target: URL, network: Network): Promise<SlowLink> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    const link = new SlowLink(server);
    server.on('connection', (near) => {
      const far = connect({ port: Number(target.port), host: target.hostname, noDelay: true, allowHalfOpen: true });
      link.#relay(near, far, network);
      link.#relay(far, near, network);
    });
    server.listen(0, '127.0.0.1', 4_096);
    await once(server, 'listening');
    return link;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #relay(from: Socket, to: Socket, { latencyMs, jitterMs, bytesPerSecond }: Network): void {
    let freeAtMs = 0;
    let onTheWay = 0;
    const timers = new Set<NodeJS.Timeout>();
    const queue: (() => void)[] = [];
    const later = (bytes: number, arrive: () => void) => {
      const now = performance.now();
      const sentAtMs = Math.max(now + latencyMs + Math.random() * jitterMs, freeAtMs);
      freeAtMs = sentAtMs + (bytes / bytesPerSecond) * 1_000;
      queue.push(arrive);
      const timer = setTimeout(() => {
        timers.delete(timer);
        queue.shift()?.(); // timers round their times: the order is the queue's
      }, freeAtMs - now);
      timers.add(timer);
    };
    this.#sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      onTheWay += chunk.length;
      if (onTheWay > HIGH_WATER_BYTES) from.pause();
      later(chunk.length, () => {
        onTheWay -= chunk.length;
        if (onTheWay <= HIGH_WATER_BYTES) from.resume();
        to.write(chunk);
      });
    });
    from.on('end', () => later(0, () => to.end()));
    from.on('error', () => to.destroy());
    to.on('close', () => {
      for (const timer of timers) clearTimeout(timer);
    });
    from.on('close', () => this.#sockets.delete(from));
  }
}
