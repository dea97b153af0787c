import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { type ConversationId, isChangeKind, type MessageId, type MessageRecord } from '@parley/protocol';

/** How many recent messages are searched for one that is not in the store yet; the default limit of messages in process. */
const MAX_RECENT = 500;

/**
 * Finds the messages that other messages reply to or change. A message whose deletion is not stored yet is found; the log then
 * refuses the append with `target-missing`.
 */
export class MessageTargets {
  readonly #log: MessageLog;
  readonly #messages: MessageStore;

  constructor(parts: { log: MessageLog; messages: MessageStore }) {
    this.#log = parts.log;
    this.#messages = parts.messages;
  }

  /**
   * Returns a message of this conversation that is not itself a change of another message. The caller has checked the membership.
   *
   * @param options.deletedToo also find a deleted message, because a deletion may be repeated
   */
  async find(
    conversationId: ConversationId,
    messageId: MessageId,
    { deletedToo = false } = {},
  ): Promise<MessageRecord | undefined> {
    // A message may be stored and leave the recent window between the first two reads. The store has it then.
    const found =
      (await this.#messages.findById(messageId)) ??
      (await this.#findRecent(conversationId, messageId)) ??
      (await this.#messages.findById(messageId));
    if (found?.conversationId !== conversationId || isChangeKind(found.kind)) return undefined;
    // The store removes both from a deleted message.
    const isDeleted = found.text === undefined && found.media === undefined;
    return isDeleted && !deletedToo ? undefined : found;
  }

  async #findRecent(conversationId: ConversationId, messageId: MessageId): Promise<MessageRecord | undefined> {
    const { messages } = await this.#log.readRecent(conversationId, { limit: MAX_RECENT });
    return messages.find(({ id }) => id === messageId);
  }
}
