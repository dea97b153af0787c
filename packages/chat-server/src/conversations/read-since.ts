import type { SincePayload } from '@parley/protocol';
import { ChatError, MAX_REPLY_BYTES, type SinceReply, type UserId } from '@parley/protocol';
import type { z } from 'zod';
import type { History } from './history.ts';
import { ReplyRoom } from './reply-room.ts';

/** The most messages in one reply to `messages:since`, in equal shares for its conversations. The rest is `hasMore`. */
const MAX_SINCE_MESSAGES = 1_000;

/** A conversation of the reply without its messages: a page, or the reason why there is none. */
const PAGE_BYTES = 512;

/**
 * Reads what came after a position in each of several conversations. The reply has a maximum size. Conversations for which it has no
 * room get a page without messages, so the caller asks again.
 *
 * @throws ChatError if no conversation can be read
 * @throws LimitExceeded
 */
export const readSince = (
  history: History,
  userId: UserId,
  query: z.output<typeof SincePayload>,
): Promise<SinceReply> => history.buildReply(userId, () => buildReply(history, userId, query));

async function buildReply(
  history: History,
  userId: UserId,
  { cursors, limit }: z.output<typeof SincePayload>,
): Promise<SinceReply> {
  const share = Math.min(limit, Math.floor(MAX_SINCE_MESSAGES / cursors.length));
  const room = new ReplyRoom(MAX_REPLY_BYTES - cursors.length * PAGE_BYTES);
  /** In the order of the cursors. */
  const pages: (SinceReply['conversations'][number] | undefined)[] = cursors.map(() => undefined);
  const refused: NonNullable<SinceReply['refused']> = [];
  let lastError: ChatError | undefined;

  async function read({ conversationId, afterSeq }: (typeof cursors)[number], index: number): Promise<void> {
    try {
      const page = await history.readPage(conversationId, userId, { afterSeq, limit: share }, room);
      pages[index] = { conversationId, ...page };
    } catch (error) {
      if (!(error instanceof ChatError) || error.code === 'UNAVAILABLE') throw error;
      lastError = error;
      refused.push({ conversationId, ...error.toBody() });
    }
  }

  await history.prefetchMemberships(
    userId,
    cursors.map(({ conversationId }) => conversationId),
  );
  let next = 0;
  while (next < cursors.length) {
    const group = room.isFull ? cursors.length : Math.max(1, Math.floor(room.nextMessages / share));
    const first = next;
    await Promise.all(cursors.slice(first, first + group).map((cursor, index) => read(cursor, first + index)));
    next += group;
  }
  if (lastError && refused.length === cursors.length) throw lastError;
  const conversations = pages.filter((page) => page !== undefined);
  return { ok: true, conversations, ...(refused.length > 0 && { refused }) };
}
