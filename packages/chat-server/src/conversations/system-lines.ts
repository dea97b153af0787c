import type { MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import type { ClientMessageId, ConversationId, UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import { seedHead } from './heads.ts';
import { newMessageId } from './message-id.ts';

/** How often the members may change, or Redis forget the conversation, while one line is being accepted. */
const MAX_ATTEMPTS = 4;

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
    let membersVersion = '';
    let outcome = 'none';
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const accepted = await log.accept({ conversationId, draft, node, membersVersion });
      outcome = accepted.kind;
      if (accepted.kind === 'stale-members') membersVersion = accepted.membersVersion;
      else if (accepted.kind === 'unseeded') await seedHead({ log, messages }, conversationId);
      else break;
    }
    return outcome;
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
