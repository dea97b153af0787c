import type { MessageLog, RecentQuery } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import {
  type ConversationId,
  type MessageId,
  type MessagePage,
  type MessageRecord,
  toWireMessage,
  type UserId,
} from '@parley/protocol';
import type { Membership } from './membership.ts';

/**
 * Reads pages of history by one rule: the recent window in Redis holds every message that is not stored yet, the store holds the
 * rest. A page is an interval of seqs. Its newest part comes from the window, the part before that is one range of one index in
 * the store. The window is read first: a message that leaves it between the two reads is in the store by then.
 *
 * Deleted messages are returned without text and media. There are three cases. The store removes both when it saves the deletion.
 * A deletion on the page itself is applied here. For deletions after the page, the log returns the ids. The log may not know
 * deletions that are stored already; a page that ends before the head therefore uses only messages of the window that are not
 * stored yet.
 */
export class History {
  readonly #log: MessageLog;
  readonly #messages: MessageStore;
  readonly #membership: Membership;

  constructor(parts: { log: MessageLog; messages: MessageStore; membership: Membership }) {
    this.#log = parts.log;
    this.#messages = parts.messages;
    this.#membership = parts.membership;
  }

  /** @throws ChatError `NOT_FOUND` or `FORBIDDEN` */
  async readPage(conversationId: ConversationId, userId: UserId, query: RecentQuery): Promise<MessagePage> {
    // Initialising a head reads the store and adds a key. Only members may cause that.
    const requireMember = () => this.#membership.requireMember(conversationId, userId);
    const page = await this.#log.readRecent(conversationId, query, requireMember);
    const { state, fromSeq, toSeq, messages, deletedLater } = page;
    await this.#membership.requireMember(conversationId, userId, state.membersVersion);
    const fromWindow = toSeq >= state.headSeq ? messages : messages.filter(({ seq }) => seq > state.storedSeq);
    const firstRecent = fromWindow[0]?.seq ?? toSeq + 1;
    const stored =
      fromSeq < firstRecent ? await this.#messages.readRange(conversationId, fromSeq, firstRecent - 1) : [];
    const isForward = query.afterSeq !== undefined;
    return {
      messages: withoutDeleted([...stored, ...fromWindow], deletedLater).map(toWireMessage),
      headSeq: state.headSeq,
      epoch: state.epoch,
      hasMore: isForward ? toSeq < state.headSeq : fromSeq > 1,
    };
  }
}

function withoutDeleted(messages: readonly MessageRecord[], deletedLater: readonly MessageId[]): MessageRecord[] {
  const deletedHere = messages.flatMap(({ kind, replyTo }) => (kind === 'delete' && replyTo ? [replyTo] : []));
  const deleted = new Set([...deletedHere, ...deletedLater]);
  return messages.map((message) => {
    const isDeleted = deleted.has(message.id);
    const isItsEdit = message.kind === 'edit' && message.replyTo !== undefined && deleted.has(message.replyTo);
    if (!isDeleted && !isItsEdit) return message;
    const { text: _text, media: _media, ...rest } = message;
    return rest;
  });
}
