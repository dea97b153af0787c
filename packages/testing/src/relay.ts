import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** From now on nothing comes through either way, as if the server were frozen. */
  freeze(): void;
  /** Ends what is open and refuses what comes, as if the server were killed. */
  cut(): void;
  /** Everything comes through again, also what was held back. */
  restore(): void;
  close(): Promise<void>;
}

/** A TCP relay in front of a server, for tests of a network that fails. */
export async function startRelay(host: string, port: number): Promise<Relay> {
  let state: 'open' | 'frozen' | 'cut' = 'open';
  const sockets = new Set<Socket>();
  const own = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    if (state === 'cut') {
      client.destroy();
      return;
    }
    const upstream = createConnection(port, host);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      own(from);
      from.on('data', (chunk) => to.write(chunk));
      from.once('close', () => to.destroy());
    }
    if (state === 'frozen') for (const socket of [client, upstream]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    cut() {
      state = 'cut';
      endAll();
    },
    restore() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async close() {
      server.close();
      endAll();
      await once(server, 'close');
    },
  };
}
