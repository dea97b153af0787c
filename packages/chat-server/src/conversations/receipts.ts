import type { MarkerStore } from '@parley/message-store';
import { type ConversationId, LOBBY_ID, type Receipt, type UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { LRUCache } from 'lru-cache';
import type { SignalBus } from '../delivery/signal-bus.ts';
import { MarkerHash } from './marker-hash.ts';
import type { MarkerSaver } from './marker-saver.ts';
import type { Membership } from './membership.ts';

const MOVE_RECEIPT = loadScript(new URL('./move-receipt.lua', import.meta.url), 1);

/** Conversations whose kind is cached. It never changes. */
const MAX_CACHED_KINDS = 50_000;

type MovedReply = [readSeq: number, deliveredSeq: number, isToBeSent: 0 | 1];

/**
 * The newest message that each member of a direct conversation or group has read, and the newest that was delivered to them.
 * Every change is sent to the members. Channels have no receipts: in a large one, every member would get those of every other. Redis
 * has the receipts of conversations in which one moved lately, the store those of all.
 */
export class Receipts {
  readonly #redis: RedisConnection;
  readonly #idleMs: number;
  readonly #saver: MarkerSaver;
  readonly #hash: MarkerHash;
  readonly #membership: Membership;
  readonly #signals: SignalBus;
  readonly #hasReceipts = new LRUCache<ConversationId, boolean>({ max: MAX_CACHED_KINDS });

  constructor(parts: {
    redis: RedisConnection;
    idleMs: number;
    store: MarkerStore;
    saver: MarkerSaver;
    membership: Membership;
    signals: SignalBus;
  }) {
    this.#redis = parts.redis;
    this.#idleMs = parts.idleMs;
    this.#saver = parts.saver;
    this.#hash = new MarkerHash({
      ...parts,
      readStored: async (key) => {
        const stored = await parts.store.listForConversation(conversationOf(key));
        return new Map(
          stored.map(({ userId, readSeq, deliveredSeq }) => [userId, [readSeq, Math.max(readSeq, deliveredSeq)]]),
        );
      },
      onUnsaved: (key, markers) => {
        for (const [userId, [readSeq, deliveredSeq]] of markers) {
          this.#save(conversationOf(key), { userId: userId as UserId, readSeq, deliveredSeq });
        }
      },
    });
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
    const key = keyOf(conversationId);
    const move = (isMerged: 0 | 1) =>
      runScript(this.#redis, MOVE_RECEIPT, [key], [userId, readSeq, deliveredSeq, this.#idleMs, isMerged]);
    const [newReadSeq, newDeliveredSeq, isToBeSent] = await this.#hash.move<MovedReply>(key, move);
    if (isToBeSent === 0) return;
    const receipt = { userId, readSeq: newReadSeq, deliveredSeq: newDeliveredSeq };
    this.#save(conversationId, receipt);
    this.#signals.send({ kind: 'receipt', conversationId, receipt });
  }

  /** Returns the receipts of all present and former members, in any order. @throws ChatError `NOT_FOUND` or `FORBIDDEN` */
  async list(conversationId: ConversationId, userId: UserId): Promise<Receipt[]> {
    await this.#membership.requireMember(conversationId, userId);
    if (!(await this.#has(conversationId))) return [];
    const receipts = await this.#hash.read(keyOf(conversationId));
    return [...receipts].map(([reader, [readSeq, deliveredSeq]]) => ({
      userId: reader as UserId,
      readSeq,
      deliveredSeq,
    }));
  }

  #save(conversationId: ConversationId, receipt: Receipt): void {
    this.#saver.add({ conversationId, ...receipt, readAtMs: 0 });
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

const PREFIX = 'parley:{receipts:';
const keyOf = (conversationId: ConversationId) => `${PREFIX}${conversationId}}`;
const conversationOf = (key: string) => key.slice(PREFIX.length, -1) as ConversationId;
