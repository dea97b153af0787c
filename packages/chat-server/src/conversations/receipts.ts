import { type ConversationId, LOBBY_ID, type Receipt, type UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { LRUCache } from 'lru-cache';
import type { SignalBus } from '../delivery/signal-bus.ts';
import type { Membership } from './membership.ts';

const MOVE_RECEIPT = loadScript(new URL('./move-receipt.lua', import.meta.url), 1);

/** Conversations whose kind is cached. It never changes. */
const MAX_CACHED_KINDS = 50_000;

type MovedReply = [readSeq: number, deliveredSeq: number, isToBeSent: 0 | 1];

/**
 * The newest message that each member of a direct conversation or group has read, and the newest that was delivered to them.
 * Every change is sent to the members. Channels have no receipts: in a large one, every member would get those of every other.
 */
export class Receipts {
  readonly #redis: RedisConnection;
  readonly #membership: Membership;
  readonly #signals: SignalBus;
  readonly #hasReceipts = new LRUCache<ConversationId, boolean>({ max: MAX_CACHED_KINDS });

  constructor(parts: { redis: RedisConnection; membership: Membership; signals: SignalBus }) {
    this.#redis = parts.redis;
    this.#membership = parts.membership;
    this.#signals = parts.signals;
  }

  /** Moves a receipt forward. The caller has checked that the user is a member and that the seqs exist. */
  async move(
    conversationId: ConversationId,
    userId: UserId,
    { readSeq = 0, deliveredSeq = 0 }: { readSeq?: number; deliveredSeq?: number },
  ): Promise<void> {
    if (!(await this.#has(conversationId))) return;
    const reply = await runScript(this.#redis, MOVE_RECEIPT, [keyOf(conversationId)], [userId, readSeq, deliveredSeq]);
    const [newReadSeq, newDeliveredSeq, isToBeSent] = reply as MovedReply;
    if (isToBeSent === 0) return;
    const receipt = { userId, readSeq: newReadSeq, deliveredSeq: newDeliveredSeq };
    this.#signals.send({ kind: 'receipt', conversationId, receipt });
  }

  /** Returns the receipts of all present and former members, in any order. @throws ChatError `NOT_FOUND` or `FORBIDDEN` */
  async list(conversationId: ConversationId, userId: UserId): Promise<Receipt[]> {
    await this.#membership.requireMember(conversationId, userId);
    if (!(await this.#has(conversationId))) return [];
    const records = Object.entries(await this.#redis.hgetall(keyOf(conversationId)));
    return records.map(([reader, record]) => {
      const [readSeq = 0, deliveredSeq = 0] = record.split(' ').map(Number);
      return { userId: reader as UserId, readSeq, deliveredSeq };
    });
  }

  async #has(conversationId: ConversationId): Promise<boolean> {
    if (conversationId === LOBBY_ID) return false;
    const known = this.#hasReceipts.get(conversationId);
    if (known !== undefined) return known;
    const { kind } = await this.#membership.findConversation(conversationId);
    this.#hasReceipts.set(conversationId, kind !== 'channel');
    return kind !== 'channel';
  }
}

const keyOf = (conversationId: ConversationId) => `parley:{receipts:${conversationId}}`;
