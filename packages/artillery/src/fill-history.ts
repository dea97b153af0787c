import { randomUUID } from 'node:crypto';
import { openSession, signUpGuest } from '@parley/load-kit/clients';
import { Recorder } from '@parley/load-kit/events';
import type { SendReply } from '@parley/protocol';
import { pause } from '@parley/service-kit';

const AT_ONCE = 50;
const RETRY_MS = 200;
const MOST_TRIES = 50;

/** Puts so many messages into the lobby. */
export async function fillHistory(url: string, count: number, signal: AbortSignal): Promise<void> {
  const { token } = await signUpGuest(url, 'historian');
  const handshake = { token, deviceId: 'historian' };
  const outcome = await openSession({
    url,
    client: 'historian',
    handshake,
    transports: ['websocket'],
    recorder: new Recorder(),
  });
  if (outcome.kind === 'rejected') throw new Error(`the history could not be written: ${outcome.code}`);
  const { session } = outcome;
  let next = 0;
  const write = async () => {
    while (next < count && !signal.aborted) {
      next += 1;
      const text = `Message ${next} of what was said before.`;
      const payload = { conversationId: 'lobby', clientMessageId: randomUUID(), kind: 'text', text };
      for (let tries = 0; ; tries += 1) {
        const answer = await session.request<SendReply>('message:send', payload);
        if (answer.ok) break;
        if (tries >= MOST_TRIES) throw new Error(`the history could not be written: ${answer.code}`);
        await pause(('retryAfterMs' in answer && answer.retryAfterMs) || RETRY_MS, signal);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, write));
  } finally {
    session.close();
  }
}
