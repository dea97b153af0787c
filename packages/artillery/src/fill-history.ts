import { randomUUID } from 'node:crypto';
import { openSession, signUpGuest } from '@parley/load-kit/clients';
import { Recorder } from '@parley/load-kit/events';
import type { SendReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';

const CONCURRENCY = 50;
const RETRY_MS = 200;
const MAX_RETRIES = 50;

/** Sends a number of messages to the lobby. */
export async function fillHistory(url: string, count: number, signal: AbortSignal): Promise<void> {
  const { token } = await signUpGuest(url, 'history-writer');
  const handshake = { token, deviceId: 'history-writer' };
  const outcome = await openSession({
    url,
    client: 'history-writer',
    handshake,
    transports: ['websocket'],
    recorder: new Recorder(),
  });
  if (outcome.kind === 'rejected') throw new Error(`failed to write the history: ${outcome.code}`);
  const { session } = outcome;
  let next = 0;
  const write = async () => {
    while (next < count && !signal.aborted) {
      next += 1;
      const text = `History message ${next}.`;
      const payload = { conversationId: 'lobby', clientMessageId: randomUUID(), kind: 'text', text };
      for (let retries = 0; ; retries += 1) {
        const reply = await session.request<SendReply>('message:send', payload);
        if (reply.ok) break;
        if (retries >= MAX_RETRIES) throw new Error(`failed to write the history: ${reply.code}`);
        await pause(('retryAfterMs' in reply && reply.retryAfterMs) || RETRY_MS, signal);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, write));
  } finally {
    session.close();
  }
}
