import type { NumberedMessage, ProtocolAdapter } from './protocol-adapter.ts';

interface PlainMessage {
  readonly room: string;
  readonly senderId: string;
  readonly count: number;
  readonly text: string;
}

/** The plain chat numbers messages per sender only, so the order between senders is not checked. */
const streamOf = (room: string, senderId: string) => `${room} ${senderId}`;

/** The protocol of the plain Socket.IO chat in `packages/bench`. */
export const plainAdapter: ProtocolAdapter = {
  auth: () => ({}),
  setupRequests: ({ room }) => [['join', { room }]],
  send: ({ userId, room }, count, text) => ['message', { room, senderId: userId, count, text }],
  outcomeOf: ({ userId, room }, count, reply) =>
    (reply as { ok?: boolean } | undefined)?.ok === true
      ? { kind: 'accepted', stream: streamOf(room, userId), number: count }
      : { kind: 'refused', code: 'REFUSED', retryAfterMs: undefined },
  messagesOf([event, payload]): readonly NumberedMessage[] {
    if (event !== 'message') return [];
    const { room, senderId, count, text } = payload as PlainMessage;
    return [{ stream: streamOf(room, senderId), number: count, text }];
  },
  headsOf: () => [],
};
