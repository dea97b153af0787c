import type { ClientToServerEvents, Refused } from '@parley/protocol';
import type { Socket } from 'socket.io-client';
import { UNAVAILABLE_REPLY } from '../parley-error.ts';
import type { ChatSocket } from './run-socket-session.ts';

/** The longest wait for an ack. */
const ACK_DEADLINE_MS = 10_000;

export type RequestEvent = keyof ClientToServerEvents;
export type RequestPayload<E extends RequestEvent> = Parameters<ClientToServerEvents[E]>[0];
/** What the server acks, a refusal included. */
export type RequestReply<E extends RequestEvent> = Parameters<Parameters<ClientToServerEvents[E]>[1]>[0];

/** Emits and waits for the ack. Never rejects: no connection and no answer are `UNAVAILABLE`. */
export async function sendRequest<E extends RequestEvent>(
  socket: ChatSocket | undefined,
  event: E,
  payload: RequestPayload<E>,
): Promise<RequestReply<E> | Refused> {
  if (!socket?.connected) return UNAVAILABLE_REPLY;
  try {
    // The map of events says which reply belongs to which event; the untyped socket carries any.
    return (await (socket as unknown as Socket)
      .timeout(ACK_DEADLINE_MS)
      .emitWithAck(event, payload)) as RequestReply<E>;
  } catch {
    return UNAVAILABLE_REPLY;
  }
}
