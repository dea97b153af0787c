import type { MessageLog } from '@parley/message-log';
import type { ConversationStore, MessageStore } from '@parley/message-store';
import {
  ChatError,
  type ConversationId,
  LOBBY_ID,
  MAX_GROUP_MEMBERS,
  type MessageId,
  type MessageTrace,
  type UserId,
} from '@parley/protocol';
import type { ServerRpc } from '../admission/server-rpc.ts';
import type { Membership } from './membership.ts';
import type { ReadMarkers } from './read-markers.ts';

const iso = (ms: number) => new Date(ms).toISOString();

interface Origin {
  conversationId: ConversationId;
  seq: number;
  acceptedAtMs: number;
  acceptedBy: string;
  published: MessageTrace['published'];
  stored: MessageTrace['stored'];
}

interface MessageTracesParts {
  log: MessageLog;
  maxInProcess: number;
  messages: MessageStore;
  conversations: ConversationStore;
  membership: Membership;
  readMarkers: ReadMarkers;
  rpc: ServerRpc;
}

/** Collects a message's trace from the log or the store, the chat servers, and the read markers. */
export class MessageTraces {
  readonly #parts: MessageTracesParts;

  constructor(parts: MessageTracesParts) {
    this.#parts = parts;
  }

  /** @throws ChatError `NOT_FOUND`, or `FORBIDDEN` if the user is not a member */
  async find(id: MessageId, userId: UserId): Promise<MessageTrace> {
    const { membership, readMarkers, rpc } = this.#parts;
    // A message may be stored and leave the log between the first two reads. The store has it then.
    const origin = (await this.#findStored(id)) ?? (await this.#findInProcess(id)) ?? (await this.#findStored(id));
    if (!origin) throw new ChatError('NOT_FOUND', { message: 'There is no such message.' });
    const { conversationId, seq, acceptedAtMs, acceptedBy, published, stored } = origin;
    await membership.requireMember(conversationId, userId);
    const [deliveries, readers] = await Promise.all([
      rpc.deliveriesOf(conversationId, seq),
      readMarkers.readersOf(conversationId, seq, await this.#members(conversationId)),
    ]);
    return {
      id,
      conversationId,
      seq,
      appended: { at: iso(acceptedAtMs), by: acceptedBy },
      published,
      stored,
      delivered: deliveries.map(({ node, atMs, sessions }) => ({ at: iso(atMs), by: node, sessions })),
      read: readers.map((reader) => ({ userId: reader.userId, by: iso(reader.byMs) })),
    };
  }

  async #findStored(id: MessageId): Promise<Origin | undefined> {
    const message = await this.#parts.messages.findById(id);
    if (!message) return undefined;
    const { conversationId, seq, createdAtMs, trace } = message;
    return {
      conversationId,
      seq,
      acceptedAtMs: createdAtMs,
      acceptedBy: trace?.acceptedBy ?? '',
      published: trace ? { at: iso(trace.publishedAtMs), by: trace.savedBy } : null,
      stored: trace ? { at: iso(trace.savedAtMs), by: trace.savedBy } : null,
    };
  }

  /** Looks among the messages in process: a message that is not stored yet is one of them. */
  async #findInProcess(id: MessageId): Promise<Origin | undefined> {
    const rows = await this.#parts.log.ledger(this.#parts.maxInProcess);
    const row = rows.find((each) => each.id === id);
    if (!row) return undefined;
    const conversationId = row.conversationId as ConversationId;
    const { seq, appendedAtMs: acceptedAtMs, node: acceptedBy } = row;
    return { conversationId, seq, acceptedAtMs, acceptedBy, published: null, stored: null };
  }

  /** Returns the members whose read markers a trace lists. Channels may have too many, so theirs are left out. */
  async #members(conversationId: ConversationId): Promise<UserId[]> {
    if (conversationId === LOBBY_ID) return [];
    const { conversations } = this.#parts;
    const record = await conversations.findById(conversationId);
    return record && record.kind !== 'channel' ? conversations.members(conversationId, MAX_GROUP_MEMBERS) : [];
  }
}
