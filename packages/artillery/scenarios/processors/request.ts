import type { Reply } from '@parley/load-kit/clients';
import type { Socket } from 'socket.io-client';
import { nowMs, recordFailure, recordSuccess } from './measure.ts';

const ACK_DEADLINE_MS = 10_000;

/** Sends a request and measures the time to its ack. Never rejects. Artillery's own `emit` has no deadline for acks. */
export async function request<T>(socket: Socket, event: string, payload: object): Promise<Reply<T>> {
  const askedAtMs = nowMs();
  try {
    const reply = (await socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as Reply<T>;
    if (reply.ok) recordSuccess(event, nowMs() - askedAtMs, JSON.stringify(reply).length);
    else recordFailure(event, reply.code);
    return reply;
  } catch {
    recordFailure(event, 'NO_ANSWER');
    return { ok: false, code: 'NO_ANSWER' };
  }
}
