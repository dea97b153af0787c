import type { MessageStore } from '@parley/message-store';
import { type SearchPage, type SearchQuery, toWireMessage, type UserId } from '@parley/protocol';
import type { Conversations } from './conversations.ts';
import { type Membership, notAMember } from './membership.ts';
import { ReplyRoom } from './reply-room.ts';

/** Full-text search over the conversations of the caller. A message can be found as soon as it is stored. */
export class Search {
  readonly #messages: MessageStore;
  readonly #conversations: Conversations;
  readonly #membership: Membership;

  constructor(parts: { messages: MessageStore; conversations: Conversations; membership: Membership }) {
    this.#messages = parts.messages;
    this.#conversations = parts.conversations;
    this.#membership = parts.membership;
  }

  /**
   * Returns a page of hits. It has fewer than `limit` if they are large.
   *
   * @throws ChatError `NOT_FOUND` or `FORBIDDEN` for a conversation that the caller may not read
   */
  async find(userId: UserId, { q, conversationId, before, limit }: SearchQuery): Promise<SearchPage> {
    // Read from the store: unlike an append, a search has no version of the member list to check a cached membership against.
    const readable = await this.#conversations.idsFor(userId);
    if (conversationId !== undefined && !readable.includes(conversationId)) {
      await this.#membership.findConversation(conversationId);
      throw notAMember();
    }
    const conversationIds = conversationId === undefined ? readable : [conversationId];
    const hits = await this.#messages.search({ text: q, conversationIds, before, limit: limit + 1 });
    const page = new ReplyRoom().take(hits.slice(0, limit));
    return {
      messages: page.map((hit) => ({ ...toWireMessage(hit), conversationId: hit.conversationId })),
      hasMore: hits.length > page.length,
    };
  }
}
