import { ChatError, SendPayload } from '@parley/protocol';
import type { MessageAcceptor } from '../conversations/send-message.ts';
import type { Membership } from '../conversations/membership.ts';
import type { MessageTargets } from '../conversations/message-targets.ts';
import { eventHandler } from './dispatcher.ts';

/** `message:send`: accept, ack. A message that answers another one must do so within its conversation. */
export function sendMessageHandler(parts: {
  acceptor: MessageAcceptor;
  membership: Membership;
  targets: MessageTargets;
}) {
  const { acceptor, membership, targets } = parts;
  return eventHandler({
    payload: SendPayload,
    async handle(_socket, { userId }, { conversationId, mediaId, replyTo, ...message }) {
      if (mediaId !== undefined) throw new ChatError('NOT_FOUND', { message: 'mediaId: there is no such medium.' });
      if (replyTo !== undefined) {
        await membership.cachedMembership(conversationId, userId);
        await targets.find(conversationId, replyTo);
      }
      return acceptor.accept(conversationId, userId, { ...message, ...(replyTo !== undefined && { replyTo }) });
    },
  });
}
