import { ChatError, SendPayload } from '@parley/protocol';
import type { Membership } from '../conversations/membership.ts';
import type { MessageTargets } from '../conversations/message-targets.ts';
import type { MessageSender } from '../conversations/send-message.ts';
import { eventHandler } from './dispatcher.ts';

/** `message:send`. A message can only answer a message of its own conversation. */
export function sendMessageHandler(parts: { sender: MessageSender; membership: Membership; targets: MessageTargets }) {
  const { sender, membership, targets } = parts;
  return eventHandler({
    payload: SendPayload,
    async handle(_socket, { userId }, { conversationId, mediaId, replyTo, ...message }) {
      if (mediaId !== undefined) throw new ChatError('NOT_FOUND', { message: 'mediaId: there is no such medium.' });
      if (replyTo !== undefined) {
        await membership.cachedMembership(conversationId, userId);
        await targets.find(conversationId, replyTo);
      }
      return sender.send(conversationId, userId, { ...message, ...(replyTo !== undefined && { replyTo }) });
    },
  });
}
