import type { IncomingMessage } from 'node:http';
import type { ChatError } from '@parley/protocol';
import { refuseRequest } from '../engine-io/refuse-request.ts';
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
      if (refusal) refuseRequest(request, response, refusal);
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

const ignore = () => undefined;
