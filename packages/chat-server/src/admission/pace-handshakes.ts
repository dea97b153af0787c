import type { IncomingMessage } from 'node:http';
import { ChatError } from '@parley/protocol';
import type { LimitExceeded } from '@parley/service-kit';
import type { ClientAddresses } from '../client-address.ts';
import { sessionIdOf } from '../engine-io/session-id.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { ChatIo } from '../socket-types.ts';
import { refuseHandshake } from './refuse-handshakes.ts';

/** Lets the handshakes of each address pass in turn. */
export function paceHandshakes(io: ChatIo, { addresses, pacer }: { addresses: ClientAddresses; pacer: Pacer }): void {
  io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
    if (sessionIdOf(request) !== undefined) return next();
    const isGone = () => request.socket.destroyed;
    const turn = pacer.turn(addresses.of(request), { isGone });
    if (!turn) return next();
    request.socket.on('error', ignore); // an upgrade that waits has no other listener
    turn.then(
      () => {
        if (!isGone()) next();
      },
      (error: LimitExceeded) => {
        refuseHandshake(request, response, new ChatError('UNAVAILABLE', { retryAfterMs: error.retryAfterMs }));
      },
    );
  });
}

const ignore = () => undefined;
