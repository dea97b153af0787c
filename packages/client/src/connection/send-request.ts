import type { ClientToServerEvents, Refused } from '@parley/protocol';
import type { Socket } from 'socket.io-client';
import { UNAVAILABLE_REPLY } from '../parley-error.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { ChatSocket } from './run-socket-session.ts';

/** Maximum wait for an ack. */
const ACK_DEADLINE_MS = 10_000;

export type RequestEvent = keyof ClientToServerEvents;
export type RequestPayload<E extends RequestEvent> = Parameters<ClientToServerEvents[E]>[0];
/** The ack of a server, which may be an error. */
export type RequestReply<E extends RequestEvent> = Parameters<Parameters<ClientToServerEvents[E]>[1]>[0];

/**
 * Emits an event and waits for its ack. Never rejects: without a connection or an answer the reply is `UNAVAILABLE`. While the cluster
 * refuses the event for its rate, the reply is that refusal, and nothing is sent.
 */
export async function sendRequest<E extends RequestEvent>(
  socket: ChatSocket | undefined,
  rateLimits: RateLimits,
  event: E,
  payload: RequestPayload<E>,
): Promise<RequestReply<E> | Refused> {
  if (!socket?.connected) return UNAVAILABLE_REPLY;
  const refusal = rateLimits.refusalOf(event);
  if (refusal) return { ok: false, ...refusal };
  try {
    // Socket.IO's types cannot express a generic event name. The event map above gives the reply type of each event.
    const reply = (await (socket as unknown as Socket)
      .timeout(ACK_DEADLINE_MS)
      .emitWithAck(event, payload)) as RequestReply<E>;
    if (!reply.ok) rateLimits.learn(event, reply);
    return reply;
  } catch {
    return UNAVAILABLE_REPLY;
  }
}
