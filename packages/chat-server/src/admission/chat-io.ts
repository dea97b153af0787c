import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { RedisConnection } from '@parley/service-kit';
import { createAdapter } from '@socket.io/redis-adapter';
import type { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { closeInSlices } from '../engine-io/close-in-slices.ts';
import { refuseInvalidRequests } from '../engine-io/refuse-invalid-requests.ts';
import type { ChatIo } from '../socket-types.ts';
import { ADMISSION_DEADLINE_MS } from './connection-gate.ts';

/** A larger frame ends the connection. A smaller frame that is too large for an event gets `PAYLOAD_TOO_LARGE`. */
const MAX_FRAME_BYTES = 262_144;

/** A client that vanished without closing its connection is detected after at most the sum of the two. */
const PING_INTERVAL_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;

/**
 * Attaches Socket.IO to the HTTP server.
 *
 * @param options.node the first part of every session id, by which nginx finds the server that holds a session
 */
export function createChatIo(
  httpServer: HttpServer,
  options: {
    node: string;
    allowedOrigins: readonly string[];
    publisher: RedisConnection;
    subscriber: RedisConnection;
  },
): ChatIo {
  for (const connection of [options.publisher, options.subscriber]) ignoreRejections(connection);
  const io: ChatIo = new Server(httpServer, {
    adapter: createAdapter(options.publisher, options.subscriber),
    cors: { origin: [...options.allowedOrigins], credentials: true },
    maxHttpBufferSize: MAX_FRAME_BYTES,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    connectTimeout: ADMISSION_DEADLINE_MS,
    perMessageDeflate: false,
    serveClient: false,
  });
  closeInSlices(httpServer);
  refuseInvalidRequests(io);
  io.engine.generateId = () => `${options.node}.${randomBytes(15).toString('base64url')}`;
  return io;
}

/**
 * Marks the rejections of a connection's commands as handled. The adapter drops the promises of its commands: those that wait while Redis
 * is unavailable are rejected when the server stops, which would end the process.
 */
function ignoreRejections(connection: RedisConnection): void {
  // A Cluster has the same method.
  const redis = connection as Redis;
  const sendCommand = redis.sendCommand.bind(redis);
  redis.sendCommand = (...parameters) => {
    parameters[0].promise.catch(() => undefined);
    return sendCommand(...parameters);
  };
}
