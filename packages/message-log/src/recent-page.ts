import type { ConversationId, MessageId, MessageRecord } from '@parley/protocol';
import { fieldsOf, firstPartOf, type StreamFields, toMessageRecord } from './log-entry.ts';
import type { ConversationState, MessageDraft, RecentPage, RecentQuery } from './message-log.ts';

/** An entry of the recent window: `<seq>-0`, then the fields `time` and `message`. */
export type RecentEntry = readonly [entryId: string, fields: StreamFields];

/** Returns the message of an entry of the recent window. */
export function toRecentMessage(conversationId: ConversationId, [entryId, flat]: RecentEntry): MessageRecord {
  const fields = fieldsOf(flat);
  const draft = JSON.parse(fields.get('message') ?? '') as MessageDraft;
  return toMessageRecord(draft, conversationId, firstPartOf(entryId), Number(fields.get('time')));
}

/** Returns an upper bound of the last seq of the page that a query selects. */
export const lastSeqOf = ({ beforeSeq, afterSeq, limit }: RecentQuery): number =>
  Math.min(
    (beforeSeq ?? Number.MAX_SAFE_INTEGER) - 1,
    afterSeq === undefined ? Number.MAX_SAFE_INTEGER : afterSeq + limit,
  );

/** Returns the page that a query selects: its bounds, and its messages that the window has. */
export function recentPage(
  conversationId: ConversationId,
  state: ConversationState,
  query: RecentQuery,
  window: readonly RecentEntry[],
  deletedLater: MessageId[],
): RecentPage {
  const { fromSeq, toSeq } = boundsOf(query, state.headSeq);
  const messages = [];
  for (const entry of window) {
    const seq = firstPartOf(entry[0]);
    if (seq < fromSeq || seq > toSeq) continue;
    messages.push(toRecentMessage(conversationId, entry));
  }
  messages.sort((a, b) => a.seq - b.seq);
  return { state, fromSeq, toSeq, messages, deletedLater };
}

function boundsOf(query: RecentQuery, headSeq: number): { fromSeq: number; toSeq: number } {
  const toSeq = Math.min(headSeq, lastSeqOf(query));
  return { fromSeq: query.afterSeq === undefined ? Math.max(1, toSeq - query.limit + 1) : query.afterSeq + 1, toSeq };
}
