import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import { ChatError } from '@parley/protocol';
import { sessionIdOf } from '../engine-io/session-id.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Isolation } from './isolation.ts';

/** Retry delay for a client whose handshake reached an isolated server. After it, the load balancer chooses another server. */
export const ISOLATED_RETRY_MS = 500;

/**
 * Refuses handshakes with 503 before the upgrade while another server can take them: nginx then repeats them there. In a total outage
 * they are accepted, because only an accepted client gets the error with its code and retry delay.
 */
export function refuseHandshakes(io: ChatIo, isolation: Isolation): void {
  io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
    if (sessionIdOf(request) !== undefined || isolation.canServe) return next();
    request.socket.on('error', ignore); // an upgrade that waits has no other listener
    void isolation.refuses().then((refuses) => {
      if (refuses)
        refuseHandshake(request, response, new ChatError('UNAVAILABLE', { retryAfterMs: ISOLATED_RETRY_MS }));
      else next();
    });
  });
}

/**
 * Answers a handshake with an error before the upgrade, and closes its connection.
 *
 * @param response for an upgrade, Engine.IO passes an object that cannot respond
 */
export function refuseHandshake(request: IncomingMessage, response: unknown, error: ChatError): void {
  const body = JSON.stringify(error.toBody());
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Retry-After': String(Math.ceil((error.details.retryAfterMs ?? 0) / 1_000)),
    Connection: 'close',
  };
  if (response instanceof ServerResponse) {
    response.writeHead(error.status, headers).end(body);
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { socket } = request;
  socket.on('error', ignore);
  const status = `${error.status} ${STATUS_CODES[error.status]}`;
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}

const ignore = () => undefined;
