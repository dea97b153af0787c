import { type IncomingMessage, ServerResponse } from 'node:http';
import { ChatError } from '@parley/protocol';
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
    const isHandshake = !new URL(request.url ?? '', 'http://server').searchParams.has('sid');
    if (!isHandshake || isolation.canServe) return next();
    void isolation.refuses().then((refuses) => {
      if (refuses) refuse(request, response);
      else next();
    });
  });
}

/** @param response for an upgrade, Engine.IO passes an object that cannot respond */
function refuse(request: IncomingMessage, response: unknown): void {
  const body = JSON.stringify(new ChatError('UNAVAILABLE', { retryAfterMs: ISOLATED_RETRY_MS }).toBody());
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Retry-After': '1',
    Connection: 'close',
  };
  if (response instanceof ServerResponse) {
    response.writeHead(503, headers).end(body);
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  request.socket.end(`HTTP/1.1 503 Service Unavailable\r\n${lines.join('')}\r\n${body}`);
}
