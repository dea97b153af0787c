import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../seeded-random.ts';

/**
 * The network between the clients and the cluster: relays TCP connections from a port of its own to that of the cluster, and
 * cuts them when it is told to, which is what a lost network looks like to both sides.
 */
export class ClientLink {
  readonly #server: Server;
  readonly #pairs = new Set<{ near: Socket; far: Socket }>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(clusterPort: number): Promise<ClientLink> {
    const server = createServer({ noDelay: true });
    const link = new ClientLink(server);
    server.on('connection', (near) =>
      link.#relay(near, connect({ port: clusterPort, host: '127.0.0.1', noDelay: true })),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the link is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Resets about this share of the connections, without a word to either side. @returns how many */
  cut(share: number, random: Random): number {
    const chosen = [...this.#pairs].filter(() => random() < share);
    for (const { near, far } of chosen) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return chosen.length;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #relay(near: Socket, far: Socket): void {
    const pair = { near, far };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.pipe(far);
    far.pipe(near);
  }
}
