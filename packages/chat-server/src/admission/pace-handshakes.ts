import { ChatError } from '@parley/protocol';
import type { LimitExceeded } from '@parley/service-kit';
import type { ClientAddresses } from '../client-address.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { ChatIo } from '../socket-types.ts';
import { checkHandshakes } from './check-handshakes.ts';

/** Lets the handshakes of each address pass in turn. */
export function paceHandshakes(io: ChatIo, { addresses, pacer }: { addresses: ClientAddresses; pacer: Pacer }): void {
  checkHandshakes(io, (request) => {
    const isGone = () => request.socket.destroyed;
    return pacer.turn(addresses.of(request), { isGone })?.then(accept, refusalOf);
  });
}

const accept = () => undefined;
const refusalOf = ({ retryAfterMs }: LimitExceeded) => new ChatError('UNAVAILABLE', { retryAfterMs });
