import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { TimeSlicedQueue } from '@parley/service-kit';

/** The events that end a TCP socket. Engine.IO and Socket.IO then close everything above it. */
const CLOSING_EVENTS: ReadonlySet<string | symbol> = new Set(['end', 'error', 'close']);

/**
 * Spreads the closing of connections over turns of the event loop.
 *
 * When the load balancer dies, thousands of connections end in one turn. Socket.IO would close all of them at once, and the
 * server would be unresponsive for a second. The closing events of TCP sockets are therefore emitted in slices, in their order.
 */
export function closeInSlices(httpServer: HttpServer): void {
  const closings = new TimeSlicedQueue();
  // One function for all sockets: a closure for each would cost memory.
  function emit(this: TcpSocket, ...event: [name: string | symbol, ...args: unknown[]]): boolean {
    if (!CLOSING_EVENTS.has(event[0])) return emitNow.apply(this, event);
    closings.add(() => {
      // Without a listener Node would throw the error and the process would end. A client may reset its connection at any moment,
      // also while an upgrade waits for a decision, or after the listener of the time of the reset was removed.
      if (event[0] !== 'error' || this.listenerCount('error') > 0) emitNow.apply(this, event);
    });
    return true;
  }
  httpServer.on('connection', (socket: TcpSocket) => {
    socket.emit = emit;
  });
}

const emitNow: (this: TcpSocket, ...event: [name: string | symbol, ...args: unknown[]]) => boolean =
  EventEmitter.prototype.emit;
