import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { EPOCH_FUNCTIONS } from './included-scripts.ts';
import { HeadUnknown } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';

const INITIALISE_HEAD = loadScript(new URL('./scripts/initialise-head.lua', import.meta.url), 6, EPOCH_FUNCTIONS);

/** One attempt fails only when Redis loses the conversation between the initialisation and the attempt. */
const MAX_ATTEMPTS = 4;

/** Initialises the heads of one partition's conversations from the store, on first use in each epoch. */
export class HeadInitialiser {
  readonly #redis: RedisConnection;
  readonly #keys: PartitionKeys;
  readonly #readStoredHead: (conversationId: ConversationId) => Promise<number>;
  /** Initialisations under way. Concurrent callers share one read of the store. */
  readonly #pending = new Map<ConversationId, Promise<void>>();

  constructor(parts: {
    redis: RedisConnection;
    keys: PartitionKeys;
    readStoredHead: (conversationId: ConversationId) => Promise<number>;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#readStoredHead = parts.readStoredHead;
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
      await this.#initialise(conversationId);
    }
  }

  #initialise(conversationId: ConversationId): Promise<void> {
    const pending = this.#pending.get(conversationId);
    if (pending) return pending;
    const initialising = this.#initialiseOnce(conversationId).finally(() => this.#pending.delete(conversationId));
    this.#pending.set(conversationId, initialising);
    return initialising;
  }

  async #initialiseOnce(conversationId: ConversationId): Promise<void> {
    const storedHead = await this.#readStoredHead(conversationId);
    const { conversation, recent, storedOutOfOrder, epoch, runId, dedupe } = this.#keys;
    const ofConversation = [conversation(conversationId), recent(conversationId), storedOutOfOrder(conversationId)];
    await runScript(this.#redis, INITIALISE_HEAD, [...ofConversation, epoch, runId, dedupe], [storedHead]);
  }
}
