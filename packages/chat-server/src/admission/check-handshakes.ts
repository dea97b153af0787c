import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { ChatError } from '@parley/protocol';
import { sessionIdOf } from '../engine-io/session-id.ts';
import type { ChatIo } from '../socket-types.ts';

/** The error that refuses a handshake, if any. */
type Refusal = ChatError | undefined;

/**
 * Checks each handshake before the upgrade, after the checks that were added before. Later requests of a session are not checked.
 *
 * @param check may take a while; a client that is gone by then is dropped
 */
export function checkHandshakes(io: ChatIo, check: (request: IncomingMessage) => Refusal | Promise<Refusal>): void {
  io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
    if (sessionIdOf(request) !== undefined) return next();
    const settle = (refusal: Refusal) => {
      if (refusal) refuseHandshake(request, response, refusal);
      else next();
    };
    const checked = check(request);
    if (!(checked instanceof Promise)) return settle(checked);
    request.socket.on('error', ignore); // an upgrade that waits has no other listener
    void checked.then((refusal) => {
      if (!request.socket.destroyed) settle(refusal);
    });
  });
}

/**
 * Answers a handshake with an error before the upgrade, and closes its connection.
 *
 * @param response for an upgrade, Engine.IO passes an object that cannot respond
 */
function refuseHandshake(request: IncomingMessage, response: unknown, error: ChatError): void {
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
