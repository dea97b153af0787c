import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { atFileEnd } from './at-file-end.ts';

export interface TcpProxy {
  readonly port: number;
  /** Holds back all bytes in both directions, as if the server were frozen. */
  stall(): void;
  /** Closes every connection and refuses new ones, as if the server were killed. */
  cut(): void;
  /** Forwards again, starting with the bytes that were held back. */
  restore(): void;
  close(): Promise<void>;
}

/** Starts a TCP proxy on a free port in front of a server, to test network faults. It ends with the test file. */
export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  let state: 'open' | 'stalled' | 'cut' = 'open';
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
    if (state === 'stalled') for (const socket of [client, upstream]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    endAll();
    await closed;
  };
  atFileEnd(close);
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      state = 'stalled';
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
    close,
  };
}
