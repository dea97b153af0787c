import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { formatEndpoint, type RedisEndpoint } from './redis-url.ts';

export interface LiveSocket {
  /** Paused, with nothing left to read. */
  readonly socket: Socket;
  /** `performance.now()`: the server was not frozen at some moment after it. */
  readonly aliveAt: number;
}

/** A longer first reply is not one of Redis. */
const MAX_REPLY_BYTES = 512;

/**
 * Connects, and waits for the reply to a PING. The kernel accepts connections for a frozen process, so an open connection proves
 * nothing. Any reply proves that the server runs, also the one that asks for a password.
 */
export function openLiveSocket(
  endpoint: RedisEndpoint,
  options: { isTls: boolean; deadlineMs: number; signal: AbortSignal },
): Promise<LiveSocket> {
  const { isTls, deadlineMs, signal } = options;
  const { host } = endpoint;
  const socket = isTls
    ? connectTls({ ...endpoint, ...(isIP(host) ? {} : { servername: host }) })
    : connectTcp({ ...endpoint });
  return new Promise((resolve, reject) => {
    let aliveAt = 0;
    let reply = '';
    const timer = setTimeout(
      () => fail(new Error(`${formatEndpoint(endpoint)} did not answer within ${deadlineMs} ms`)),
      deadlineMs,
    );
    const stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      socket.off('data', received).off('close', closed);
    };
    const fail = (error: Error) => {
      stopWaiting();
      socket.destroy();
      reject(error);
    };
    const aborted = () => fail(new Error('Connection is closed.'));
    const closed = () => fail(new Error(`${formatEndpoint(endpoint)} closed the connection`));
    const received = (chunk: Buffer) => {
      reply += chunk.toString('latin1');
      if (!reply.endsWith('\r\n') && reply.length < MAX_REPLY_BYTES) return;
      if (!/^(\+PONG|-(NOAUTH|LOADING|MASTERDOWN|MISCONF|BUSY|NOPERM))/.test(reply))
        return fail(new Error(reply.trim()));
      stopWaiting();
      socket.pause();
      resolve({ socket, aliveAt });
    };
    // This listener stays: an error between two owners of the socket must not end the process. The socket then also closes.
    socket.on('error', fail);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      aliveAt = performance.now();
      socket.write('PING\r\n');
    });
    socket.on('data', received).on('close', closed);
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}
