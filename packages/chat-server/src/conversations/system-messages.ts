import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import { acceptInLog } from './accept-in-log.ts';
import { newMessageId } from './message-id.ts';

/** Puts lines into conversations that say what somebody did there: messages of kind `system`, sent by who did it. */
export class SystemLines {
  readonly #parts: {
    readonly node: string;
    readonly log: MessageLog;
    readonly messages: MessageStore;
    readonly logger: Logger;
  };

  constructor(parts: { node: string; log: MessageLog; messages: MessageStore; logger: Logger }) {
    this.#parts = parts;
  }

  /**
   * Adds a line after the deed, whoever may write there by then: who left says so. Never rejects: what was done stays done, also
   * where the log is full or away and the line is missing.
   */
  async add(conversationId: ConversationId, actorId: UserId, text: string): Promise<void> {
    const { logger } = this.#parts;
    try {
      const outcome = await this.#accept(conversationId, actorId, text);
      if (outcome !== 'accepted') logger.warn({ conversationId, outcome }, 'a system line was not accepted');
    } catch (error) {
      logger.warn({ err: error, conversationId }, 'a system line was not accepted');
    }
  }

  async #accept(conversationId: ConversationId, actorId: UserId, text: string): Promise<string> {
    const { node, log, messages } = this.#parts;
    const id = newMessageId();
    const clientMessageId = `system-${id}` as ClientMessageId;
    const draft = { id, senderId: actorId, clientMessageId, kind: 'system' as const, text };
    const request = { conversationId, draft, node, membersVersion: '' };
    // Whoever the members are by then.
    const outcome = await acceptInLog({ log, messages }, request, { whenStale: (version) => version });
    return outcome.kind;
  }
}

/** Names that a line has at most. */
const MAX_NAMES = 10;

/** "Ada, Bo and 3 others". */
export function listNames(names: readonly string[]): string {
  const others = names.length - MAX_NAMES;
  if (others <= 0) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${others} ${others === 1 ? 'other' : 'others'}`;
}
