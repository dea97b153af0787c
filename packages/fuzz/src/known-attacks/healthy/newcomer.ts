import { randomUUID } from 'node:crypto';
import { pause } from '@parley/service-kit';
import { type ConnectError, connectSession, logIn, type RegisteredUser } from './client.ts';
import { REQUEST_DEADLINE_MS } from './observed.ts';

const RETRY_MS = 1_000;

/**
 * A registered user logs in, waits for a slot as the protocol demands, and sends a message to the lobby.
 *
 * @returns the time until the message was acked in ms, or infinity if that was not before the signal aborted
 */
export async function comeAndChat(url: string, user: RegisteredUser, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  let token: string | undefined;
  let waitTicket: string | undefined;
  while (!signal.aborted) {
    token ??= await logIn(url, user);
    if (token === undefined) {
      await pause(RETRY_MS, signal);
      continue;
    }
    try {
      const socket = await connectSession(url, token, { reconnects: false, waitTicket });
      const message = { conversationId: 'lobby', clientMessageId: randomUUID(), kind: 'text', text: 'Good morning' };
      const ack = await socket
        .timeout(REQUEST_DEADLINE_MS)
        .emitWithAck('message:send', message)
        .finally(() => socket.disconnect());
      if (ack.ok) return performance.now() - startedAt;
      await pause(ack.retryAfterMs ?? RETRY_MS, signal);
    } catch (error) {
      const { data } = error as ConnectError;
      waitTicket = data?.waitTicket ?? waitTicket;
      await pause(data?.retryAfterMs ?? RETRY_MS, signal);
    }
  }
  return Number.POSITIVE_INFINITY;
}
