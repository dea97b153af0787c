import type { MessagePage } from '@parley/protocol';
import { pause } from '@parley/service-kit';
import { clientOf, endUserOnError } from './chat.ts';
import { count, nowMs, recordFailure, recordSuccess } from './measure.ts';
import { numberOf, type VirtualUser } from './virtual-user.ts';

const OPERATION = 'GET messages';
const CALL_DEADLINE_MS = 10_000;
const MAX_ATTEMPTS = 5;
const RETRY_MS = 500;

/** Step: reads the user's conversation back to its first message, `pageSize` (100) messages per page, and counts gaps. */
export async function readHistory(user: VirtualUser): Promise<void> {
  await endUserOnError(clientOf(user), async () => {
    const limit = numberOf(user, 'pageSize', 100);
    for (let before: number | undefined; before !== 1; ) {
      const { messages } = await readPage(user, before, limit);
      const [oldest, newest] = [messages[0]?.seq, messages.at(-1)?.seq];
      if (oldest === undefined || newest === undefined) {
        if (before !== undefined) count('history_gaps'); // the conversation must reach down to #1
        return;
      }
      const isGapless = messages.every(({ seq }, index) => seq === oldest + index);
      const isNext = before === undefined || newest === before - 1;
      if (!isGapless || !isNext) count('history_gaps');
      before = oldest;
    }
  });
}

async function readPage(user: VirtualUser, before: number | undefined, limit: number): Promise<MessagePage> {
  const { target, conversationId, token } = user.vars;
  const query = new URLSearchParams({ limit: String(limit), ...(before !== undefined && { before: String(before) }) });
  const url = `${target}/api/conversations/${conversationId}/messages?${query}`;
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
    const askedAtMs = nowMs();
    try {
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(CALL_DEADLINE_MS),
      });
      const body = await response.text();
      if (response.ok) {
        recordSuccess(OPERATION, nowMs() - askedAtMs, body.length);
        return JSON.parse(body) as MessagePage;
      }
      recordFailure(OPERATION, String(response.status));
    } catch {
      recordFailure(OPERATION, 'NO_ANSWER');
    }
    await pause(RETRY_MS);
  }
  throw new Error(`${OPERATION} was not answered`);
}
