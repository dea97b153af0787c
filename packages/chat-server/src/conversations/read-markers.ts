import type { MarkerStore } from '@parley/message-store';
import type { ConversationId, UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { MarkerHash } from './marker-hash.ts';
import type { MarkerSaver } from './marker-saver.ts';

const MARK_READ = loadScript(new URL('./mark-read.lua', import.meta.url), 1);

/** Markers that moved this recently are saved again: the server that moved them may have died before it saved them. */
const SAVED_AGAIN_MS = 120_000;

/**
 * The newest message that each user has read in each conversation. A marker only moves forward, regardless of the order of calls.
 * Redis has the markers of users who moved one lately, the store those of all.
 */
export class ReadMarkers {
  readonly #redis: RedisConnection;
  readonly #idleMs: number;
  readonly #store: MarkerStore;
  readonly #saver: MarkerSaver;
  readonly #hash: MarkerHash;

  constructor(parts: { redis: RedisConnection; idleMs: number; store: MarkerStore; saver: MarkerSaver }) {
    this.#redis = parts.redis;
    this.#idleMs = parts.idleMs;
    this.#store = parts.store;
    this.#saver = parts.saver;
    this.#hash = new MarkerHash({
      ...parts,
      readStored: async (key) => {
        const stored = await this.#store.listForUser(userOf(key));
        return new Map(stored.map(({ conversationId, readSeq, readAtMs }) => [conversationId, [readSeq, readAtMs]]));
      },
      onUnsaved: (key, markers) => {
        for (const [id, [seq, atMs]] of markers) this.#save(userOf(key), id as ConversationId, seq, atMs);
      },
    });
  }

  /** Moves the marker to `seq` if it is behind. */
  async move(userId: UserId, conversationId: ConversationId, seq: number): Promise<{ hasMoved: boolean }> {
    const key = keyOf(userId);
    const move = (isMerged: 0 | 1) =>
      runScript(this.#redis, MARK_READ, [key], [conversationId, seq, this.#idleMs, isMerged]);
    const reply = await this.#hash.move<(string | number)[]>(key, move);
    const [readSeq = 0, readAtMs = 0, hasMoved] = reply.map(Number);
    // A repeat is saved, too: the server that got the first attempt may have died.
    if (seq > 0 && readSeq === seq) this.#save(userId, conversationId, readSeq, readAtMs);
    return { hasMoved: hasMoved === 1 };
  }

  /** Returns the last read seq of each conversation, in the order requested; 0 = nothing read. */
  async read(userId: UserId, conversationIds: readonly ConversationId[]): Promise<number[]> {
    const markers = await this.#hash.read(keyOf(userId));
    const savedUntilMs = Date.now() - SAVED_AGAIN_MS;
    return conversationIds.map((id) => {
      const [seq, atMs] = markers.get(id) ?? [0, 0];
      if (atMs > savedUntilMs) this.#save(userId, id, seq, atMs);
      return seq;
    });
  }

  /** Returns which of these users have read a message, and when their marker last moved: they had read it by then. */
  async readersOf(
    conversationId: ConversationId,
    seq: number,
    userIds: readonly UserId[],
  ): Promise<{ userId: UserId; byMs: number }[]> {
    if (userIds.length === 0) return [];
    const [stored, recent] = await Promise.all([
      this.#store.listForConversation(conversationId),
      Promise.all(userIds.map((userId) => this.#redis.hget(keyOf(userId), conversationId))),
    ]);
    const storedOf = new Map(stored.map((marker) => [marker.userId, marker]));
    return userIds.flatMap((userId, index) => {
      const [recentSeq = 0, recentAtMs = 0] = (recent[index] ?? '').split(' ').map(Number);
      const { readSeq, readAtMs } = storedOf.get(userId) ?? { readSeq: 0, readAtMs: 0 };
      const byMs = Math.max(recentAtMs, readAtMs);
      return Math.max(recentSeq, readSeq) >= seq ? [{ userId, byMs }] : [];
    });
  }

  #save(userId: UserId, conversationId: ConversationId, readSeq: number, readAtMs: number): void {
    this.#saver.add({ userId, conversationId, readSeq, readAtMs, deliveredSeq: 0 });
  }
}

const PREFIX = 'parley:{reads:';
const keyOf = (userId: UserId) => `${PREFIX}${userId}}`;
const userOf = (key: string) => key.slice(PREFIX.length, -1) as UserId;
