import { afterEach } from '@jest/globals';
import type {
  ConversationId,
  ErrorBody,
  Message,
  Refused,
  SendPayload,
  SendReply,
  SinceReply,
  UserId,
} from '@parley/protocol';
import { eventually } from '@parley/testing';
import { MemoryOutboxStorage, Outbox, type OutboxMessage, type OutboxStorage } from '../src/index.ts';

export const lobby = 'lobby' as ConversationId;
export const me = 'u-me' as UserId;

/** The history of a conversation, written by the test. */
export class History {
  readonly messages: Message[] = [];
  epoch = 'epoch-1';
  lookUps = 0;
  refusal: ErrorBody | undefined;

  /** Appends a message. */
  accept(clientMessageId: string, senderId: string = me): Message {
    const seq = this.messages.length + 1;
    const message = { id: `${this.epoch} m${seq}`, seq, senderId, clientMessageId } as unknown as Message;
    this.messages.push(message);
    return message;
  }

  since(conversationId: ConversationId, afterSeq: number, limit = 3): SinceReply | Refused {
    this.lookUps += 1;
    if (this.refusal) return { ok: false, ...this.refusal };
    const newer = this.messages.slice(afterSeq);
    const { epoch } = this;
    const headSeq = this.messages.length;
    const page = { conversationId, messages: newer.slice(0, limit), headSeq, epoch, hasMore: newer.length > limit };
    return { ok: true, conversations: [page] };
  }
}

const open: Outbox[] = [];

afterEach(() => {
  for (const outbox of open.splice(0)) outbox.close();
});

/** Creates an outbox whose attempts the test answers one by one. */
export function newOutbox(options: { storage?: OutboxStorage; history?: History; userId?: UserId } = {}) {
  const { storage = new MemoryOutboxStorage(), history = new History(), userId = me } = options;
  const attempts: { payload: SendPayload; answer: (reply: SendReply | Refused) => void }[] = [];
  const outbox = new Outbox({
    userId,
    storage,
    send: (payload) => new Promise((answer) => attempts.push({ payload, answer })),
    fetchSince: async ({ cursors: [cursor] }) => history.since(lobby, cursor?.afterSeq ?? 0),
    onChange: () => undefined,
  });
  open.push(outbox);
  const attempt = (index: number) =>
    eventually(() => {
      const found = attempts[index];
      if (!found) throw new Error(`no attempt ${index} yet`);
      return found;
    });
  const states = () => outbox.messagesOf(lobby).map(({ state }) => state);
  const kept = async () => textsOf(await storage.load(userId));
  return { outbox, storage, history, attempts, attempt, states, kept };
}

export const textsOf = (messages: readonly OutboxMessage[]) => messages.map(({ text }) => text);

export const accepted = (seq: number) =>
  ({ ok: true, message: { id: `m${seq}`, seq }, duplicate: false }) as unknown as SendReply;
