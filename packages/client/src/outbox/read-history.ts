import type { ConversationId, Message, Refused, SincePayload, SinceReply } from '@parley/protocol';

export type ReadHistoryOutcome =
  | { readonly kind: 'stopped' }
  /** The history was read up to `headSeq`. */
  | { readonly kind: 'read'; readonly headSeq: number }
  /** The epoch changed during the reading, so the pages may be outdated. */
  | { readonly kind: 'epoch-changed' }
  /** A page said that there is more, but did not lead further. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly refused: Refused };

/** Reads the history of a conversation page by page from a seq to the head, or until `onPage` returns false. */
export async function readHistory(search: {
  conversationId: ConversationId;
  afterSeq: number;
  fetchSince: (payload: SincePayload) => Promise<SinceReply | Refused>;
  /** @returns whether to read the next page */
  onPage: (messages: readonly Message[]) => boolean;
}): Promise<ReadHistoryOutcome> {
  const { conversationId, fetchSince, onPage } = search;
  let { afterSeq } = search;
  let epoch: string | undefined;
  for (;;) {
    const reply = await fetchSince({ cursors: [{ conversationId, afterSeq }] });
    if (!reply.ok) return { kind: 'refused', refused: reply };
    const [page] = reply.conversations;
    if (!page || page.epoch !== (epoch ?? page.epoch)) return { kind: 'epoch-changed' };
    epoch = page.epoch;
    if (!onPage(page.messages)) return { kind: 'stopped' };
    if (!page.hasMore) return { kind: 'read', headSeq: page.headSeq };
    const lastSeq = page.messages.at(-1)?.seq ?? afterSeq;
    if (lastSeq <= afterSeq) return { kind: 'incomplete' };
    afterSeq = lastSeq;
  }
}
