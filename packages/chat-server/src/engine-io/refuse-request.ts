import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { ChatError } from '@parley/protocol';

/**
 * Answers a request or an upgrade with an error, and closes its connection. Only that of a POST stays open: to close it before the body was read
 * would reset it, and the load balancer might miss the answer.
 *
 * @param response for an upgrade, Engine.IO passes an object that cannot respond
 */
export function refuseRequest(request: IncomingMessage, response: unknown, error: ChatError): void {
  const body = JSON.stringify(error.toBody());
  const { retryAfterMs } = error.details;
  const headers = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...(retryAfterMs !== undefined && { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) }),
    Connection: request.method === 'POST' ? 'keep-alive' : 'close',
  };
  if (response instanceof ServerResponse) {
    response.writeHead(error.status, headers).end(body);
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { socket } = request;
  socket.on('error', () => undefined);
  const status = `${error.status} ${STATUS_CODES[error.status]}`;
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}
