import type { AcceptOutcome, MessageDraft, MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { type ConversationId, Refusal, type SendReply, type UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';
import type { ConversationAccess } from './access.ts';
import { seedHead } from './heads.ts';
import { newMessageId } from './message-id.ts';

/** How often the members may change, or Redis forget the conversation, while one message is being accepted. */
const MAX_ATTEMPTS = 4;

/** What the sender says; the id is given here. */
export type NewMessage = Omit<MessageDraft, 'id' | 'senderId'>;

/**
 * Lets the sender through and accepts the message with one atomic call. Publishing and saving are the workers' business.
 */
export class MessageAcceptor {
  readonly #parts: {
    readonly node: string;
    readonly log: MessageLog;
    readonly messages: MessageStore;
    readonly access: ConversationAccess;
    readonly metrics: ChatServerMetrics;
    readonly logger: Logger;
  };

  constructor(parts: {
    node: string;
    log: MessageLog;
    messages: MessageStore;
    access: ConversationAccess;
    metrics: ChatServerMetrics;
    logger: Logger;
  }) {
    this.#parts = parts;
  }

  /** @throws Refusal `NOT_FOUND`, `FORBIDDEN`, `CONFLICT` or `BUSY` */
  async accept(conversationId: ConversationId, senderId: UserId, message: NewMessage): Promise<SendReply> {
    const { node, log, messages, access, metrics, logger } = this.#parts;
    const draft: MessageDraft = { id: newMessageId(), senderId, ...message };
    const startedAt = performance.now();
    let membersVersion = await access.require(conversationId, senderId);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const outcome = await log.accept({ conversationId, draft, node, membersVersion });
      metrics.chat_sends_total.inc({ outcome: outcome.kind });
      if (outcome.kind === 'stale-members') {
        membersVersion = await access.require(conversationId, senderId, outcome.membersVersion);
      } else if (outcome.kind === 'unseeded') {
        await seedHead({ log, messages }, conversationId);
      } else {
        metrics.chat_accept_seconds.observe((performance.now() - startedAt) / 1_000);
        const reply = toReply(outcome, draft.id);
        logger.debug({ messageId: reply.message.id, conversationId, seq: reply.message.seq }, outcome.kind);
        return reply;
      }
    }
    throw new Refusal('BUSY', { message: 'The conversation is changing: send it again.', retryAfterMs: 100 });
  }
}

function toReply(
  outcome: Exclude<AcceptOutcome, { kind: 'stale-members' } | { kind: 'unseeded' }>,
  draftId: SendReply['message']['id'],
): SendReply {
  switch (outcome.kind) {
    case 'busy':
      throw new Refusal('BUSY', { retryAfterMs: outcome.retryAfterMs });
    case 'conflict':
      throw new Refusal('CONFLICT', { message: 'clientMessageId: you used it in another conversation.' });
    case 'accepted':
    case 'duplicate': {
      const isDuplicate = outcome.kind === 'duplicate';
      const createdAt = new Date(outcome.createdAtMs).toISOString();
      const id = isDuplicate ? outcome.id : draftId;
      return { ok: true, message: { id, seq: outcome.seq, createdAt }, duplicate: isDuplicate };
    }
  }
}
