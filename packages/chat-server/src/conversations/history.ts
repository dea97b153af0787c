import type { MessageLog, RecentQuery } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import {
  ChatError,
  type ConversationId,
  type MessageId,
  type MessagePage,
  type MessageRecord,
  toWireMessage,
  type UserId,
} from '@parley/protocol';
import { seedHead } from './heads.ts';
import type { Membership } from './membership.ts';

/**
 * Reads pages of history by one rule: the recent window in Redis holds every message that is not stored yet, the store
 * holds the rest. A page is an interval of seqs; its newest part comes from the window, what is missing before that is one
 * range of one index in the store. The window is read first, so a message that leaves it meanwhile is stored already.
 *
 * What was deleted is given out without its text. The store keeps it so, as soon as it has the deletion; the others are on the page, or
 * the log names what they took away. A page that does not reach up to the newest message takes from the window only what is not stored
 * yet: the log need not know older deletions.
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
    let recent = await this.#log.readRecent(conversationId, query);
    if (recent.kind === 'unseeded') {
      await this.#membership.requireMember(conversationId, userId);
      await seedHead({ log: this.#log, messages: this.#messages }, conversationId);
      recent = await this.#log.readRecent(conversationId, query);
      if (recent.kind === 'unseeded') throw new ChatError('UNAVAILABLE', { retryAfterMs: 100 });
    }
    const { state, fromSeq, toSeq, messages, deletedLater } = recent;
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
