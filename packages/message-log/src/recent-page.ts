import type { ConversationId } from '@parley/protocol';
import { fieldsOf, firstPartOf, type StreamFields, toAcceptedMessage } from './log-entry.ts';
import type { ConversationState, MessageDraft, RecentPage, RecentQuery } from './message-log.ts';

/** An entry of the recent window: `<seq>-0`, then the fields `time` and `message`. */
export type RecentEntry = readonly [entryId: string, fields: StreamFields];

/** The page that a query asks for: its bounds, and the newest part of it that the window has without a gap. */
export function recentPage(
  conversationId: ConversationId,
  state: ConversationState,
  query: RecentQuery,
  window: readonly RecentEntry[],
): RecentPage {
  const { fromSeq, toSeq } = boundsOf(query, state.headSeq);
  const bySeq = new Map(window.map(([entryId, fields]) => [firstPartOf(entryId), fields]));
  const messages = [];
  for (let seq = toSeq; seq >= fromSeq; seq--) {
    const flat = bySeq.get(seq);
    if (!flat) break;
    const fields = fieldsOf(flat);
    const draft = JSON.parse(fields.get('message') ?? '') as MessageDraft;
    messages.push(toAcceptedMessage(draft, conversationId, seq, Number(fields.get('time'))));
  }
  return { kind: 'page', state, fromSeq, toSeq, messages: messages.reverse() };
}

function boundsOf({ beforeSeq, afterSeq, limit }: RecentQuery, headSeq: number): { fromSeq: number; toSeq: number } {
  const lastSeq = beforeSeq === undefined ? headSeq : Math.min(headSeq, beforeSeq - 1);
  if (afterSeq === undefined) return { fromSeq: Math.max(1, lastSeq - limit + 1), toSeq: lastSeq };
  return { fromSeq: afterSeq + 1, toSeq: Math.min(lastSeq, afterSeq + limit) };
}
