import {
  ChatError,
  type ConversationId,
  DeletePayload,
  EditPayload,
  type MessageRecord,
  ReactPayload,
  SendPayload,
  type SendReply,
  SincePayload,
  type SinceReply,
} from '@parley/protocol';
import { recordActivity } from '../admission/session-activity.ts';
import type { History } from '../conversations/history.ts';
import type { Membership } from '../conversations/membership.ts';
import type { MessageTargets } from '../conversations/message-targets.ts';
import { readSince } from '../conversations/read-since.ts';
import type { MessageSender, NewMessage } from '../conversations/send-message.ts';
import type { Session } from '../session.ts';
import { eventHandler } from './dispatcher.ts';

/** The work of reading pages, in multiples of a simple request. */
const SINCE_COST = 4;

/**
 * `message:send`, `message:edit`, `message:delete`, `message:react` and `messages:since`.
 *
 * Each change is a message of the log with a `seq` of its own; `replyTo` names the message that it changes. A client that was
 * offline therefore receives changes like any other message, in order.
 */
export function messageEvents(parts: {
  sender: MessageSender;
  membership: Membership;
  targets: MessageTargets;
  history: History;
}) {
  const { sender, membership, targets, history } = parts;

  /** A repeat is no activity: a client could otherwise keep its slot with one message. */
  async function send(
    session: Session,
    conversationId: ConversationId,
    message: NewMessage,
    options: { isTargetMissing?: boolean } = {},
  ): Promise<SendReply> {
    const { userId, fence } = session;
    const reply = await sender.send(conversationId, userId, message, { fence, ...options });
    if (!reply.duplicate) recordActivity(session);
    return reply;
  }

  /** @param requirePermission throws if the user may not change the target */
  async function change(
    session: Session,
    { conversationId, messageId, clientMessageId }: DeletePayload,
    message: Pick<NewMessage, 'kind' | 'text'>,
    requirePermission: (target: MessageRecord) => void | Promise<void>,
  ): Promise<SendReply> {
    await membership.requireMemberFresh(conversationId, session.userId);
    const target = await targets.find(conversationId, messageId, { deletedToo: message.kind === 'delete' });
    if (target) await requirePermission(target);
    const draft = { clientMessageId, replyTo: messageId, ...message };
    return send(session, conversationId, draft, { isTargetMissing: !target });
  }

  return {
    'message:send': eventHandler({
      payload: SendPayload,
      isMessage: true,
      async handle(_socket, session, { conversationId, mediaId, replyTo, ...message }): Promise<SendReply> {
        if (mediaId !== undefined)
          throw new ChatError('NOT_FOUND', { message: 'mediaId: there is no such attachment.' });
        if (replyTo === undefined) return send(session, conversationId, message);
        await membership.cachedMembership(conversationId, session.userId);
        const isTargetMissing = !(await targets.find(conversationId, replyTo));
        return send(session, conversationId, { ...message, replyTo }, { isTargetMissing });
      },
    }),

    'message:edit': eventHandler({
      payload: EditPayload,
      isMessage: true,
      handle: (_socket, session, payload) =>
        change(session, payload, { kind: 'edit', text: payload.text }, ({ senderId, kind }) => {
          if (senderId !== session.userId || kind === 'system') throw notPermitted('edit');
        }),
    }),

    'message:delete': eventHandler({
      payload: DeletePayload,
      isMessage: true,
      handle: (_socket, session, payload) =>
        change(session, payload, { kind: 'delete' }, async ({ senderId, kind, conversationId }) => {
          const { userId } = session;
          if (kind === 'system') throw notPermitted('delete');
          if (senderId !== userId && !(await membership.isCreator(conversationId, userId)))
            throw notPermitted('delete');
        }),
    }),

    'message:react': eventHandler({
      payload: ReactPayload,
      isMessage: true,
      handle: (_socket, session, payload) =>
        change(session, payload, { kind: 'reaction', ...(payload.emoji && { text: payload.emoji }) }, ({ kind }) => {
          if (kind === 'system') {
            throw new ChatError('FORBIDDEN', { message: 'System messages do not take reactions.' });
          }
        }),
    }),

    'messages:since': eventHandler({
      cost: SINCE_COST,
      payload: SincePayload,
      handle: (_socket, { userId }, payload): Promise<SinceReply> => readSince(history, userId, payload),
    }),
  };
}

const notPermitted = (action: string) =>
  new ChatError('FORBIDDEN', { message: `You are not permitted to ${action} this message.` });
