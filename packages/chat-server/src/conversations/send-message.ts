import type { AppendOutcome, AppendRequest, MessageDraft, MessageLog } from '@parley/message-log';
import { ChatError, type ClientMessageId, type ConversationId, type SendReply, type UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Membership } from './membership.ts';
import { newMessageId } from './message-id.ts';

/** The most attempts to append one message while the member list keeps changing. */
const MAX_ATTEMPTS = 4;

/** A message as its sender wrote it. {@link MessageSender} adds the id. */
export type NewMessage = Omit<MessageDraft, 'id' | 'senderId'>;

interface MessageSenderParts {
  readonly node: string;
  readonly log: MessageLog;
  readonly membership: Membership;
  readonly metrics: ChatServerMetrics;
  readonly logger: Logger;
}

/**
 * Appends messages to the log: those of members (`message:send` and the change events) and system messages. The chat server's
 * part of a message ends here; the message workers publish and save it.
 */
export class MessageSender {
  readonly #parts: MessageSenderParts;

  constructor(parts: MessageSenderParts) {
    this.#parts = parts;
  }

  /**
   * Sends a member's message. The membership comes from the cache. The append compares its version with the current one in the
   * same atomic step. Only if they differ, the membership is checked again.
   *
   * @param options.fence of the sender's session; 0 = none
   * @param options.isTargetMissing the message that it replies to or changes was not found. Only a repeat of what was accepted
   *   before gets a reply.
   * @throws ChatError `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`, `RATE_LIMITED`, `BUSY`, or `UNAVAILABLE` when a later session of the sender has sent
   */
  async send(
    conversationId: ConversationId,
    senderId: UserId,
    message: NewMessage,
    { fence = 0, isTargetMissing = false } = {},
  ): Promise<SendReply> {
    const { membership, metrics, logger } = this.#parts;
    const startedAt = performance.now();
    const draft: MessageDraft = { id: newMessageId(), senderId, ...message };
    const membersVersion = await membership.cachedMembership(conversationId, senderId);
    const outcome = await this.#append(conversationId, draft, membersVersion, {
      fence,
      isTargetMissing,
      onStaleMembers: (version) => membership.requireMember(conversationId, senderId, version),
      onOutcome: (kind) => metrics.chat_sends_total.inc({ outcome: kind === 'appended' ? 'accepted' : kind }),
    });
    if (outcome.kind !== 'stale-members') metrics.chat_accept_seconds.observe((performance.now() - startedAt) / 1_000);
    const reply = toReply(outcome, draft.id);
    logger.debug({ messageId: reply.message.id, conversationId, seq: reply.message.seq }, outcome.kind);
    return reply;
  }

  /** Appends a message of kind `system` whose sender is the user who acted. That user may no longer be a member. */
  async sendSystemMessage(
    conversationId: ConversationId,
    actorId: UserId,
    text: string,
  ): Promise<AppendOutcome['kind']> {
    const id = newMessageId();
    const clientMessageId = `system-${id}` as ClientMessageId;
    const draft: MessageDraft = { id, senderId: actorId, clientMessageId, kind: 'system', text };
    const outcome = await this.#append(conversationId, draft, '', { onStaleMembers: (version) => version });
    return outcome.kind;
  }

  /**
   * @param options.onStaleMembers called with the current version of the member list, returns the one to append with
   * @param options.onOutcome called for every attempt
   */
  async #append(
    conversationId: ConversationId,
    draft: MessageDraft,
    membersVersion: string,
    options: {
      fence?: number;
      isTargetMissing?: boolean;
      onStaleMembers: (membersVersion: string) => string | Promise<string>;
      onOutcome?: (kind: AppendOutcome['kind']) => void;
    },
  ): Promise<AppendOutcome> {
    const { node, log } = this.#parts;
    const { fence = 0, isTargetMissing = false } = options;
    const request: AppendRequest = { conversationId, draft, node, membersVersion, fence, isTargetMissing };
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await log.append(request);
      options.onOutcome?.(outcome.kind);
      if (outcome.kind !== 'stale-members' || attempt === MAX_ATTEMPTS) return outcome;
      request.membersVersion = await options.onStaleMembers(outcome.membersVersion);
    }
  }
}

function toReply(outcome: AppendOutcome, draftId: SendReply['message']['id']): SendReply {
  switch (outcome.kind) {
    case 'target-missing':
      throw new ChatError('NOT_FOUND', { message: 'messageId: there is no such message here.' });
    case 'superseded':
      throw new ChatError('UNAVAILABLE', {
        message: 'A later session of yours has sent a message. Reconnect to continue.',
        retryAfterMs: 1_000,
      });
    case 'rate-limited':
      throw new ChatError('RATE_LIMITED', {
        message: 'You send messages too fast. Send the message again later.',
        retryAfterMs: outcome.retryAfterMs,
      });
    case 'busy':
      throw new ChatError('BUSY', { retryAfterMs: outcome.retryAfterMs });
    case 'over-share':
      throw new ChatError('BUSY', {
        message: 'Too many messages of yours or of this conversation are in process. Send it again in a moment.',
        retryAfterMs: outcome.retryAfterMs,
      });
    case 'stale-members':
      throw new ChatError('BUSY', {
        message: 'The members of the conversation are changing. Send the message again.',
        retryAfterMs: 100,
      });
    case 'conflict':
      throw new ChatError('CONFLICT', {
        message: 'clientMessageId: you used it for another message. Choose a new one.',
      });
    case 'appended':
    case 'duplicate': {
      const isDuplicate = outcome.kind === 'duplicate';
      const createdAt = new Date(outcome.createdAtMs).toISOString();
      const id = isDuplicate ? outcome.id : draftId;
      return { ok: true, message: { id, seq: outcome.seq, createdAt }, duplicate: isDuplicate };
    }
  }
}
