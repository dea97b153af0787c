import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { ChatError, type ConversationId, isChangeKind, type MessageId, type MessageRecord } from '@parley/protocol';

/** Messages that are looked through for one that is not in the store yet; no more than that are in process by default. */
const MAX_RECENT = 500;

/** Finds the messages that others answer or change. One that is deleted, and its deletion not stored yet, is found: the log refuses then. */
export class MessageTargets {
  readonly #log: MessageLog;
  readonly #messages: MessageStore;

  constructor(parts: { log: MessageLog; messages: MessageStore }) {
    this.#log = parts.log;
    this.#messages = parts.messages;
  }

  /**
   * A message of this conversation, which is no change of another one.
   *
   * @param options.deletedToo so that a deletion may be repeated
   * @throws ChatError `NOT_FOUND`
   */
  async find(
    conversationId: ConversationId,
    messageId: MessageId,
    { deletedToo = false } = {},
  ): Promise<MessageRecord> {
    const found = (await this.#messages.findById(messageId)) ?? (await this.#findRecent(conversationId, messageId));
    if (found?.conversationId !== conversationId || isChangeKind(found.kind)) throw noSuchMessage();
    // What is deleted has lost both.
    const isDeleted = found.text === undefined && found.media === undefined;
    if (isDeleted && !deletedToo) throw noSuchMessage();
    return found;
  }

  async #findRecent(conversationId: ConversationId, messageId: MessageId): Promise<MessageRecord | undefined> {
    const page = await this.#log.readRecent(conversationId, { limit: MAX_RECENT });
    return page.kind === 'page' ? page.messages.find(({ id }) => id === messageId) : undefined;
  }
}

export const noSuchMessage = () => new ChatError('NOT_FOUND', { message: 'messageId: there is no such message here.' });
