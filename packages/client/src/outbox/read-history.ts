import type { ConversationId, Message, Refused, SincePayload, SinceReply } from '@parley/protocol';

export type ReadHistoryOutcome =
  | { readonly kind: 'stopped' }
  /** Everything up to `headSeq` was read. */
  | { readonly kind: 'read'; readonly headSeq: number }
  /** Another epoch began meanwhile: what was read may not hold any more. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'refused'; readonly refused: Refused };

/** Reads a conversation page by page from a seq to its end, or until `onPage` has seen enough. */
export async function readHistory(search: {
  conversationId: ConversationId;
  afterSeq: number;
  fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  /** @returns whether to go on */
  onPage: (messages: readonly Message[]) => boolean;
}): Promise<ReadHistoryOutcome> {
  const { conversationId, fetchSince, onPage } = search;
  let { afterSeq } = search;
  let epoch: string | undefined;
  for (;;) {
    const reply = await fetchSince({ cursors: [{ conversationId, afterSeq }] });
    if (!reply.ok) return { kind: 'refused', refused: reply };
    const [page] = reply.conversations;
    if (!page || page.epoch !== (epoch ?? page.epoch)) return { kind: 'overtaken' };
    epoch = page.epoch;
    if (!onPage(page.messages)) return { kind: 'stopped' };
    const last = page.messages.at(-1);
    if (!page.hasMore || !last) return { kind: 'read', headSeq: page.headSeq };
    afterSeq = last.seq;
  }
}
