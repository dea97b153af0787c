import { ChatError } from '@parley/protocol';
import type { ChatIo } from '../socket-types.ts';
import { checkHandshakes } from './check-handshakes.ts';
import type { Isolation } from './isolation.ts';

/** Retry delay for a client whose handshake reached an isolated server. After it, the load balancer chooses another server. */
export const ISOLATED_RETRY_MS = 500;

/**
 * Refuses handshakes with 503 before the upgrade while another server can take them: nginx then repeats them there. In a total outage
 * they are accepted, because only an accepted client gets the error with its code and retry delay.
 */
export function refuseHandshakes(io: ChatIo, isolation: Isolation): void {
  checkHandshakes(io, () => (isolation.canServe ? undefined : refusalOf(isolation)));
}

async function refusalOf(isolation: Isolation): Promise<ChatError | undefined> {
  const refuses = await isolation.refuses();
  return refuses ? new ChatError('UNAVAILABLE', { retryAfterMs: ISOLATED_RETRY_MS }) : undefined;
}
