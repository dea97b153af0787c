import { type IncomingMessage, ServerResponse } from 'node:http';
import { ChatError } from '@parley/protocol';
import type { Server } from 'socket.io';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST']);

/** Refuses polling requests with other methods, which Engine.IO answers with 500. Its `cors` has answered OPTIONS before. */
export function refuseMethods(io: Pick<Server, 'engine'>): void {
  io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
    // For an upgrade, Engine.IO passes an object that cannot respond; `ws` refuses other methods than GET.
    if (METHODS.has(request.method ?? '') || !(response instanceof ServerResponse)) return next();
    const error = new ChatError('INVALID_PAYLOAD', { message: 'Engine.IO has no such method. Use GET or POST.' });
    response.writeHead(error.status, { 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify(error.toBody()));
  });
}
