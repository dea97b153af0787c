import type { MessageLog } from '@parley/message-log';
import { ChatError, HelloPayload, type HelloReply, JoinPayload, type JoinReply } from '@parley/protocol';
import type { ConcurrencyLimiter } from '@parley/service-kit';
import type { ConversationRooms } from '../conversations/conversation-rooms.ts';
import type { Conversations } from '../conversations/conversations.ts';
import { notAMember } from '../conversations/membership.ts';
import type { ReadMarkers } from '../conversations/read-markers.ts';
import type { Presence } from '../presence/presence.ts';
import { eventHandler } from './dispatcher.ts';

/** `session:hello` and `conversation:join`: what a client needs before it takes part in its conversations. */
export function sessionEvents(parts: {
  node: string;
  log: MessageLog;
  conversations: Conversations;
  rooms: ConversationRooms;
  readMarkers: ReadMarkers;
  presence: Presence;
  /** Shared with admission, so that admissions and `session:hello` requests alternate. */
  admissionLimiter: ConcurrencyLimiter;
}) {
  const { node, log, conversations, rooms, readMarkers, presence, admissionLimiter } = parts;

  return {
    'session:hello': eventHandler({
      payload: HelloPayload,
      async handle(socket, session, { timezone }): Promise<HelloReply> {
        const readHeads = async () => {
          if (session.endedBy) throw new ChatError('UNAVAILABLE');
          const { conversationIds } = await rooms.joinAll(session.userId);
          presence.helloReceived(socket, session, conversationIds);
          const [states, markers] = await Promise.all([
            log.states(conversationIds),
            readMarkers.read(session.userId, conversationIds),
          ]);
          return conversationIds.map((conversationId, index) => ({
            conversationId,
            headSeq: states[index]?.headSeq ?? 0,
            storedSeq: states[index]?.storedSeq ?? 0,
            readSeq: markers[index] ?? 0,
            epoch: states[index]?.epoch ?? '',
          }));
        };
        const heads = await admissionLimiter.run(readHeads, 'started');
        return {
          ok: true,
          session: {
            userId: session.userId,
            node,
            startedAt: new Date(session.startedAtMs).toISOString(),
            expiresAt: new Date(session.authorisedUntilMs).toISOString(),
            timezone,
          },
          heads,
        };
      },
    }),

    'conversation:join': eventHandler({
      payload: JoinPayload,
      async handle(_socket, { userId }, { conversationId }): Promise<JoinReply> {
        await conversations.join(conversationId, userId);
        if (!(await rooms.refresh(conversationId, userId))) throw notAMember();
        presence.membersChanged(conversationId, [userId]);
        // Read after the sockets have joined the room: whatever is appended later reaches them.
        const [state] = await log.states([conversationId]);
        return { ok: true, headSeq: state?.headSeq ?? 0 };
      },
    }),
  };
}
