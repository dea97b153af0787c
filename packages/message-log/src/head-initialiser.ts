import { randomUUID } from 'node:crypto';
import type { ConversationId } from '@parley/protocol';
import { LOBBY_ID } from '@parley/protocol/constants';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { EPOCH_FUNCTIONS, EXPIRY_FUNCTIONS } from './included-scripts.ts';
import { HeadUnknown, PartitionsChanged } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';
import type { StoredHistory } from './stored-history.ts';

const PREPARE_HEAD = loadScript(new URL('./scripts/prepare-head.lua', import.meta.url), 4, EPOCH_FUNCTIONS);
const INITIALISE_HEAD = loadScript(new URL('./scripts/initialise-head.lua', import.meta.url), 8, [
  ...EPOCH_FUNCTIONS,
  ...EXPIRY_FUNCTIONS,
]);

/** An attempt fails when Redis loses the conversation, or its epoch ends, between the initialisation and the attempt. */
const MAX_ATTEMPTS = 4;

/** Longer than any read of the store. */
const TICKET_MS = 60_000;

/** For this long after a loss of data, a conversation that Redis does not know may have gaps in the store. */
const YOUNG_EPOCH_MS = 24 * 60 * 60 * 1_000;

interface Prepared {
  readonly conversationId: ConversationId;
  readonly ticket: string;
  /** -1 = Redis does not know the conversation. */
  readonly knownHead: number;
  readonly isEpochYoung: boolean;
}

export interface HeadInitialiserOptions {
  readonly redis: RedisConnection;
  readonly keys: PartitionKeys;
  /** The number of partitions. */
  readonly partitions: number;
  readonly stored: StoredHistory;
  readonly maxInProcess: number;
  readonly conversationIdleMs: number;
}

/**
 * Initialises the heads of one partition's conversations from the store: on first use in each epoch, and when a conversation
 * that was idle has left Redis.
 *
 * Messages that Redis lost before they were stored leave gaps in the store. An initialisation fills them with placeholders before
 * it sets the head. From then on nothing that a worker of an ended epoch saves late can take their positions.
 */
export class HeadInitialiser {
  readonly #options: HeadInitialiserOptions;
  /** Initialisations under way. Concurrent callers share one read of the store. */
  readonly #pending = new Map<ConversationId, Promise<void>>();

  constructor(options: HeadInitialiserOptions) {
    this.#options = options;
  }

  /**
   * Calls `attempt`. While it resolves to undefined (head unknown), initialises the head and calls it again.
   *
   * @param beforeInitialising awaited before each initialisation; its error is the error of the call
   * @throws HeadUnknown after {@link MAX_ATTEMPTS} attempts
   */
  async withHead<T>(
    conversationId: ConversationId,
    attempt: () => Promise<T | undefined>,
    beforeInitialising?: () => Promise<unknown>,
  ): Promise<T> {
    for (let attempts = 1; ; attempts += 1) {
      const result = await attempt();
      if (result !== undefined) return result;
      if (attempts === MAX_ATTEMPTS) throw new HeadUnknown(conversationId);
      await beforeInitialising?.();
      await this.initialise([conversationId]);
    }
  }

  /** Initialises the heads that are unknown, with one read of the store for all of them. A head may be unknown again after it. */
  async initialise(conversationIds: readonly ConversationId[]): Promise<void> {
    const ids = [...new Set(conversationIds)];
    const idle = ids.filter((id) => !this.#pending.has(id));
    if (idle.length > 0) {
      const initialising = this.#initialise(idle).finally(() => {
        for (const id of idle) this.#pending.delete(id);
      });
      for (const id of idle) this.#pending.set(id, initialising);
    }
    await Promise.all(ids.map((id) => this.#pending.get(id)));
  }

  async #initialise(conversationIds: readonly ConversationId[]): Promise<void> {
    const { stored } = this.#options;
    const replies = await Promise.all(conversationIds.map((id) => this.#prepare(id)));
    const prepared = replies.filter(({ ticket }) => ticket !== '');
    if (prepared.length === 0) return;
    const storedHeads = await stored.headSeqs(prepared.map(({ conversationId }) => conversationId));
    const gaps = prepared.flatMap((each, index) => this.#possibleGaps(each, storedHeads[index] ?? 0));
    if (gaps.length > 0) await stored.fillGaps(gaps);
    await Promise.all(prepared.map((each, index) => this.#finish(each, storedHeads[index] ?? 0)));
  }

  async #prepare(conversationId: ConversationId): Promise<Prepared> {
    const { redis, keys, partitions } = this.#options;
    const scriptKeys = [keys.conversation(conversationId), keys.epoch, keys.runId, keys.partitions];
    const args = [randomUUID(), TICKET_MS, YOUNG_EPOCH_MS, partitions];
    const reply = await runScript(redis, PREPARE_HEAD, scriptKeys, args);
    const [ticket, knownHead, isYoung] = reply as [ticket: string, knownHead: number, isYoung: number];
    if (ticket === '' && knownHead < 0) throw new PartitionsChanged(partitions);
    return { conversationId, ticket, knownHead, isEpochYoung: isYoung === 1 };
  }

  /**
   * Where Redis knows the conversation, it lost only messages above the head that it knows. Where it does not, it has lost or evicted
   * the conversation; at most `maxInProcess` messages were not stored then, near the end. `History` fills a gap further back when
   * somebody reads it.
   */
  #possibleGaps({ conversationId, knownHead, isEpochYoung }: Prepared, storedHead: number) {
    const oldest = storedHead - this.#options.maxInProcess;
    const fromSeq = Math.max(1, knownHead >= 0 ? knownHead + 1 : oldest);
    if (fromSeq >= storedHead || (knownHead < 0 && !isEpochYoung)) return [];
    return [{ conversationId, fromSeq, toSeq: storedHead }];
  }

  async #finish({ conversationId, ticket }: Prepared, storedHead: number): Promise<void> {
    const { redis, keys, conversationIdleMs } = this.#options;
    const scriptKeys = [
      keys.conversation(conversationId),
      keys.recent(conversationId),
      keys.storedOutOfOrder(conversationId),
      keys.deletions(conversationId),
      keys.epoch,
      keys.runId,
      keys.dedupe,
      keys.removals(conversationId),
    ];
    // Every user is in the lobby, so nobody's membership of it is cached.
    const membersVersion = conversationId === LOBBY_ID ? '' : randomUUID();
    await runScript(redis, INITIALISE_HEAD, scriptKeys, [ticket, storedHead, membersVersion, conversationIdleMs]);
  }
}
