import type { MessageLog, RecentQuery } from '@parley/message-log';
import type { MessageStore, SeqRange } from '@parley/message-store';
import {
  type ConversationId,
  type Message,
  type MessageId,
  type MessagePage,
  type MessageRecord,
  toWireMessage,
  type UserId,
} from '@parley/protocol';
import type { Membership } from './membership.ts';
import { ReadingBudget } from './reading-budget.ts';
import { ReplyRoom } from './reply-room.ts';

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
 *
 * Concurrent reads are bounded for each user and for the server (`reading-budget.ts`). A reply is bounded, too
 * (`reply-room.ts`).
 */
export class History {
  readonly #log: MessageLog;
  readonly #messages: MessageStore;
  readonly #membership: Membership;
  readonly #budget: ReadingBudget;

  constructor(parts: { log: MessageLog; messages: MessageStore; membership: Membership; budget?: ReadingBudget }) {
    this.#log = parts.log;
    this.#messages = parts.messages;
    this.#membership = parts.membership;
    this.#budget = parts.budget ?? new ReadingBudget();
  }

  /** Reads which of the conversations the user is a member of, with one call, for the pages that are read next. */
  prefetchMemberships(userId: UserId, conversationIds: readonly ConversationId[]): Promise<void> {
    return this.#membership.prefetch(conversationIds, userId);
  }

  /** Builds a reply of many pages when it is the user's turn. @throws LimitExceeded */
  buildReply<T>(userId: UserId, build: () => Promise<T>): Promise<T> {
    return this.#budget.buildReply(userId, build);
  }

  /**
   * Reads a page in parts, until it is complete or the room of the reply is used up. In the second case `hasMore` is true. Without
   * room, the page has no messages.
   *
   * @throws ChatError `NOT_FOUND` or `FORBIDDEN`
   * @throws LimitExceeded
   */
  async readPage(
    conversationId: ConversationId,
    userId: UserId,
    query: RecentQuery,
    room = new ReplyRoom(),
  ): Promise<MessagePage> {
    if (room.isFull) return this.#pageWithoutRoom(conversationId, userId, query);
    const isForward = query.afterSeq !== undefined;
    const next = { ...query };
    let page: MessagePage | undefined;
    for (;;) {
      const limit = Math.min(next.limit, room.nextMessages);
      const readPart = () => this.#readPart(conversationId, userId, { ...next, limit });
      const part = await this.#budget.read(userId, limit, readPart);
      // The parts before are of the epoch that has ended. The caller asks again and gets the new one.
      if (page && part.epoch !== page.epoch) return { ...page, hasMore: true };
      const taken = takeFrom(part.messages, room, isForward);
      page = joinParts(page, { ...part, messages: taken }, isForward);
      if (taken.length < part.messages.length) return { ...page, hasMore: true };
      next.limit -= limit;
      const last = part.messages.at(isForward ? -1 : 0);
      if (next.limit === 0 || part.messages.length < limit || !part.hasMore || !last) return page;
      if (isForward) next.afterSeq = last.seq;
      else next.beforeSeq = last.seq;
    }
  }

  async #pageWithoutRoom(conversationId: ConversationId, userId: UserId, query: RecentQuery): Promise<MessagePage> {
    const [known] = await this.#log.knownStates([conversationId]);
    await this.#membership.requireMember(conversationId, userId, known?.membersVersion);
    const [state] = known ? [known] : await this.#log.states([conversationId]);
    const { headSeq = 0, epoch = '' } = state ?? {};
    return { messages: [], headSeq, epoch, hasMore: (query.afterSeq ?? 0) < headSeq };
  }

  async #readPart(conversationId: ConversationId, userId: UserId, query: RecentQuery): Promise<MessagePage> {
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

/** Returns the messages that fit, in the order of the page. A page that goes backward keeps its newest messages. */
function takeFrom(messages: readonly Message[], room: ReplyRoom, isForward: boolean): Message[] {
  return isForward ? room.take(messages) : room.take(messages.toReversed()).reverse();
}

/** A page that goes backward has the head of its first part: later messages are not on it. */
function joinParts(page: MessagePage | undefined, part: MessagePage, isForward: boolean): MessagePage {
  if (!page) return part;
  return isForward
    ? { ...part, messages: [...page.messages, ...part.messages] }
    : { ...part, messages: [...part.messages, ...page.messages], headSeq: page.headSeq };
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
