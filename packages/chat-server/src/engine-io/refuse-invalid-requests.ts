import { type IncomingMessage, ServerResponse } from 'node:http';
import { ChatError } from '@parley/protocol';
import type { Server } from 'socket.io';
import { refuseRequest } from './refuse-request.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST']);
const PROTOCOL_VERSION = '4';

/** The parts of Engine.IO that its types declare private. */
interface EngineRequest extends IncomingMessage {
  readonly _query: Readonly<Record<string, string | readonly string[]>>;
}
interface Engine {
  /** @param settle called with a number if the request is not valid */
  verify(request: IncomingMessage, isUpgrade: boolean, settle: (errorCode?: number) => void): void;
}

/**
 * Answers requests that Engine.IO would refuse with an error object, as all other refusals. Engine.IO's own ones have a code of another kind, and
 * other methods end with 500. Its `cors` has answered OPTIONS before.
 */
export function refuseInvalidRequests(io: Pick<Server, 'engine'>): void {
  const engine = io.engine as unknown as Engine;
  io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
    const reason = reasonOf(engine, request as EngineRequest, !(response instanceof ServerResponse));
    if (reason === undefined) next();
    else refuseRequest(request, response, new ChatError('INVALID_PAYLOAD', { message: reason }));
  });
}

function reasonOf(engine: Engine, request: EngineRequest, isUpgrade: boolean): string | undefined {
  // `ws` refuses upgrades with other methods than GET.
  if (!isUpgrade && !METHODS.has(request.method ?? '')) return 'Engine.IO has no such method. Use GET or POST.';
  const { sid, EIO: version } = request._query;
  if (!sid && version !== PROTOCOL_VERSION) return `EIO: Use version ${PROTOCOL_VERSION} of the protocol of Engine.IO.`;
  let isValid = true;
  engine.verify(request, isUpgrade, (errorCode) => {
    isValid = errorCode === undefined;
  });
  if (isValid) return undefined;
  return sid
    ? 'sid: The session has ended, or does not use this transport. Connect again.'
    : 'transport: Use polling or websocket, and begin a session with GET.';
}
