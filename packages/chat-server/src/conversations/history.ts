import type { MessageLog, RecentQuery } from '@parley/message-log';
import type { MessageStore, SeqRange } from '@parley/message-store';
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
 * rest. A page is an interval of seqs. Usually its newest part comes from the window, and the part before that is one range of one
 * index in the store. After a loss of Redis data the store can also have messages above those of the window. The window is read
 * first: a message that leaves it between the two reads is in the store by then.
 *
 * A seq up to the committed offset that the store does not have was lost by Redis. It gets a placeholder, so every page is
 * gap-free. Usually the log has filled such gaps already (`message-log/src/head-initialiser.ts`).
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
    const recent = await this.#log.readRecent(conversationId, query, requireMember);
    const { state, fromSeq, toSeq, messages, deletedLater } = recent;
    await this.#membership.requireMember(conversationId, userId, state.membersVersion);
    const fromWindow = toSeq >= state.headSeq ? messages : messages.filter(({ seq }) => seq > state.storedSeq);
    const inWindow = new Set<number>(fromWindow.map(({ seq }) => seq));
    let lastStored = toSeq;
    while (inWindow.has(lastStored)) lastStored -= 1;
    const stored = await this.#readStored({ conversationId, fromSeq, toSeq: lastStored }, state.storedSeq);
    const page = [...stored.filter(({ seq }) => !inWindow.has(seq)), ...fromWindow].sort((a, b) => a.seq - b.seq);
    const isForward = query.afterSeq !== undefined;
    return {
      messages: withoutDeleted(page, deletedLater).map(toWireMessage),
      headSeq: state.headSeq,
      epoch: state.epoch,
      hasMore: isForward ? toSeq < state.headSeq : fromSeq > 1,
    };
  }

  async #readStored(range: SeqRange, storedSeq: number): Promise<MessageRecord[]> {
    const { conversationId, fromSeq } = range;
    if (range.toSeq < fromSeq) return [];
    const read = () => this.#messages.readRange(conversationId, fromSeq, range.toSeq);
    const stored = await read();
    const toSeq = Math.min(range.toSeq, storedSeq);
    const isGapFree = stored.filter(({ seq }) => seq <= toSeq).length > toSeq - fromSeq;
    if (isGapFree) return stored;
    await this.#messages.fillGaps([{ conversationId, fromSeq, toSeq }]);
    return read();
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
