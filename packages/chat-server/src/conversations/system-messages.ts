import type { ConversationId, UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { MessageSender } from './send-message.ts';

/** Appends system messages, which tell the members of a conversation what somebody changed there. */
export class SystemMessages {
  readonly #sender: Pick<MessageSender, 'sendSystemMessage'>;
  readonly #logger: Logger;

  constructor(parts: { sender: Pick<MessageSender, 'sendSystemMessage'>; logger: Logger }) {
    this.#sender = parts.sender;
    this.#logger = parts.logger;
  }

  /**
   * Appends a system message after the action; the actor's membership is not checked, because the action may have ended it. Never
   * rejects: the action stays done when the log is full or unavailable and the system message is missing.
   */
  async append(conversationId: ConversationId, actorId: UserId, text: string): Promise<void> {
    try {
      const outcome = await this.#sender.sendSystemMessage(conversationId, actorId, text);
      if (outcome !== 'appended') this.#logger.warn({ conversationId, outcome }, 'a system message was not appended');
    } catch (error) {
      this.#logger.warn({ err: error, conversationId }, 'a system message was not appended');
    }
  }
}

/** The most names that a system message lists. */
const MAX_NAMES = 10;

/** Formats names as "Ada, Bo and 3 others". */
export function listNames(names: readonly string[]): string {
  const others = names.length - MAX_NAMES;
  if (others <= 0) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${others} ${others === 1 ? 'other' : 'others'}`;
}
