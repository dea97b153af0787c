import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { TimeSlicedQueue } from '@parley/service-kit';

/** What a connection says at its end, in this order, and everything that is built on it is taken down by. */
const ENDINGS: ReadonlySet<string | symbol> = new Set(['end', 'error', 'close']);

/**
 * When the balancer dies thousands of connections end in one turn of the event loop, and Socket.IO takes each of them down at once:
 * for a second nobody would be served. So they tell of it some at a time.
 */
export function closeInSlices(httpServer: HttpServer): void {
  const endings = new TimeSlicedQueue();
  // One function for all: a closure for each connection costs memory.
  function emit(this: TcpSocket, ...event: [name: string | symbol, ...args: unknown[]]): boolean {
    if (!ENDINGS.has(event[0])) return emitNow.apply(this, event);
    endings.add(() => emitNow.apply(this, event));
    return true;
  }
  httpServer.on('connection', (socket: TcpSocket) => {
    socket.emit = emit;
  });
}

const emitNow: (this: TcpSocket, ...event: [name: string | symbol, ...args: unknown[]]) => boolean =
  EventEmitter.prototype.emit;
