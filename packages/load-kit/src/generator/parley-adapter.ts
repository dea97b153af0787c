import { createHmac } from 'node:crypto';
import type { ErrorBody, HelloReply, Message, MessagesPacket, SendReply, SinceReply } from '@parley/protocol';
import type { NumberedMessage, ProtocolAdapter, Request } from './protocol-adapter.ts';

const TOKEN_TTL_SECONDS = 86_400;
const MAX_PAGE_MESSAGES = 200;

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs an access token as a chat server does. Users of the lobby and of channels need no entry in the store. */
export function signToken(secret: string, userId: string): string {
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { iss: 'parley', aud: 'parley', sub: userId, iat, exp: iat + TOKEN_TTL_SECONDS };
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const numbered = (conversationId: string, messages: readonly Message[]): NumberedMessage[] =>
  messages.map(({ seq, text = '' }) => ({ stream: conversationId, number: seq, text }));

/** The protocol of Parley. A stream is a conversation, and a message's number is its `seq`. */
export const parleyAdapter = (secret: string): ProtocolAdapter => ({
  auth: ({ userId }) => ({ token: signToken(secret, userId), deviceId: userId }),
  setupRequests: ({ room }) => {
    const hello: Request = ['session:hello', { timezone: 'UTC' }];
    return room === 'lobby' ? [hello] : [['conversation:join', { conversationId: room }], hello];
  },
  send: ({ userId, room }, count, text) => [
    'message:send',
    { conversationId: room, clientMessageId: `${userId}-${count}`, kind: 'text', text },
  ],
  outcomeOf({ room }, _count, reply) {
    const outcome = reply as SendReply | (ErrorBody & { ok: false });
    if (outcome.ok) return { kind: 'accepted', stream: room, number: outcome.message.seq };
    return { kind: 'refused', code: outcome.code, retryAfterMs: outcome.retryAfterMs };
  },
  messagesOf([event, payload]) {
    if (event !== 'messages') return [];
    const { conversationId, messages } = payload as MessagesPacket;
    return numbered(conversationId, messages);
  },
  headsOf: (reply) =>
    ((reply as Partial<HelloReply>).heads ?? []).map(({ conversationId, headSeq }) => ({
      stream: conversationId,
      head: headSeq,
    })),
  since: (stream, after) => [
    'messages:since',
    { cursors: [{ conversationId: stream, afterSeq: after }], limit: MAX_PAGE_MESSAGES },
  ],
  pageOf: (reply) =>
    (reply as Partial<SinceReply>).conversations?.flatMap(({ conversationId, messages }) =>
      numbered(conversationId, messages),
    ),
});
