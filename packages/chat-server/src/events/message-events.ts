import {
  ChatError,
  DeletePayload,
  EditPayload,
  type MessageRecord,
  ReactPayload,
  type SendReply,
  type UserId,
} from '@parley/protocol';
import type { Membership } from '../conversations/membership.ts';
import type { MessageTargets } from '../conversations/message-targets.ts';
import type { MessageSender, NewMessage } from '../conversations/send-message.ts';
import { eventHandler } from './dispatcher.ts';

/**
 * `message:edit`, `message:delete`, `message:react`: each change is a message of the log with a `seq` of its own, which `replyTo`
 * leads to what it changes. So a client that was away gets it like any other message, and in order.
 */
export function changeMessageHandlers(parts: {
  sender: MessageSender;
  membership: Membership;
  targets: MessageTargets;
}) {
  const { sender, membership, targets } = parts;

  /** @param requireRight refuses who may not change this message so */
  async function change(
    userId: UserId,
    { conversationId, messageId, clientMessageId }: DeletePayload,
    message: Pick<NewMessage, 'kind' | 'text'>,
    requireRight: (target: MessageRecord) => void | Promise<void>,
  ): Promise<SendReply> {
    await membership.requireMemberFresh(conversationId, userId);
    const target = await targets.find(conversationId, messageId, { deletedToo: message.kind === 'delete' });
    await requireRight(target);
    return sender.send(conversationId, userId, { clientMessageId, replyTo: messageId, ...message });
  }

  return {
    'message:edit': eventHandler({
      payload: EditPayload,
      handle: (_socket, { userId }, payload) =>
        change(userId, payload, { kind: 'edit', text: payload.text }, ({ senderId, kind }) => {
          if (senderId !== userId || kind === 'system') throw notYours('edit');
        }),
    }),

    'message:delete': eventHandler({
      payload: DeletePayload,
      handle: (_socket, { userId }, payload) =>
        change(userId, payload, { kind: 'delete' }, async ({ senderId, kind, conversationId }) => {
          if (kind === 'system') throw notYours('delete');
          if (senderId !== userId && !(await membership.isCreator(conversationId, userId))) throw notYours('delete');
        }),
    }),

    'message:react': eventHandler({
      payload: ReactPayload,
      handle: (_socket, { userId }, payload) =>
        change(userId, payload, { kind: 'reaction', ...(payload.emoji && { text: payload.emoji }) }, ({ kind }) => {
          if (kind === 'system') throw new ChatError('FORBIDDEN', { message: 'Nobody reacts to such a line.' });
        }),
    }),
  };
}

const notYours = (what: string) => new ChatError('FORBIDDEN', { message: `You may not ${what} this message.` });
