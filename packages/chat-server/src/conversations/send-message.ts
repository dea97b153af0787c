import type { AcceptOutcome, MessageDraft, MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { ChatError, type ConversationId, type SendReply, type UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';
import { acceptInLog } from './accept-in-log.ts';
import type { Membership } from './membership.ts';
import { newMessageId } from './message-id.ts';
import { noSuchMessage } from './message-targets.ts';

/** What the sender says; the id is given here. */
export type NewMessage = Omit<MessageDraft, 'id' | 'senderId'>;

interface MessageAcceptorParts {
  readonly node: string;
  readonly log: MessageLog;
  readonly messages: MessageStore;
  readonly membership: Membership;
  readonly metrics: ChatServerMetrics;
  readonly logger: Logger;
}

/**
 * Lets the sender through and accepts the message with one atomic call. Publishing and saving are the workers' business.
 */
export class MessageAcceptor {
  readonly #parts: MessageAcceptorParts;

  constructor(parts: MessageAcceptorParts) {
    this.#parts = parts;
  }

  /** @throws ChatError `NOT_FOUND`, `FORBIDDEN`, `CONFLICT` or `BUSY` */
  async accept(conversationId: ConversationId, senderId: UserId, message: NewMessage): Promise<SendReply> {
    const { node, log, messages, membership, metrics, logger } = this.#parts;
    const draft: MessageDraft = { id: newMessageId(), senderId, ...message };
    const startedAt = performance.now();
    const membersVersion = await membership.cachedMembership(conversationId, senderId);
    const request = { conversationId, draft, node, membersVersion };
    const outcome = await acceptInLog({ log, messages }, request, {
      whenStale: (version) => membership.requireMember(conversationId, senderId, version),
      onOutcome: ({ kind }) => metrics.chat_sends_total.inc({ outcome: kind }),
    });
    if (outcome.kind === 'stale-members' || outcome.kind === 'unseeded') {
      throw new ChatError('BUSY', { message: 'The conversation is changing: send it again.', retryAfterMs: 100 });
    }
    metrics.chat_accept_seconds.observe((performance.now() - startedAt) / 1_000);
    const reply = toReply(outcome, draft.id);
    logger.debug({ messageId: reply.message.id, conversationId, seq: reply.message.seq }, outcome.kind);
    return reply;
  }
}

function toReply(
  outcome: Exclude<AcceptOutcome, { kind: 'stale-members' } | { kind: 'unseeded' }>,
  draftId: SendReply['message']['id'],
): SendReply {
  switch (outcome.kind) {
    case 'target-deleted':
      throw noSuchMessage();
    case 'busy':
      throw new ChatError('BUSY', { retryAfterMs: outcome.retryAfterMs });
    case 'conflict':
      throw new ChatError('CONFLICT', { message: 'clientMessageId: you used it in another conversation.' });
    case 'accepted':
    case 'duplicate': {
      const isDuplicate = outcome.kind === 'duplicate';
      const createdAt = new Date(outcome.createdAtMs).toISOString();
      const id = isDuplicate ? outcome.id : draftId;
      return { ok: true, message: { id, seq: outcome.seq, createdAt }, duplicate: isDuplicate };
    }
  }
}
