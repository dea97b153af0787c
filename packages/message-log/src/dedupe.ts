import type { ClientMessageId, ConversationId, MessageRecord, UserId } from '@parley/protocol';
import { loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { AppendBatcher, Doubt } from './append-batcher.ts';
import { isSameMessage } from './content-digest.ts';
import { filterHashes } from './filter-hashes.ts';
import { DEDUPE_FUNCTIONS } from './included-scripts.ts';
import { type AppendOutcome, type AppendRequest, type ConversationState, HeadUnknown } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';
import { toRecentMessage } from './recent-page.ts';

const LOAD_SENDER = loadScript(new URL('./scripts/load-sender.lua', import.meta.url), 7, DEDUPE_FUNCTIONS);

/** How long a repeated clientMessageId is recognised. */
const DEDUPE_WINDOW_MS = 24 * 60 * 60 * 1_000;

/** For a sender with more messages in the window, the store is asked about each new message instead. */
const MAX_LOADED_MESSAGES = 10_000;

/** Bounds how long one call blocks Redis: a few milliseconds. */
const LOADED_PER_CALL = 1_000;

/** Unstored messages of the recent window that one call reads. */
const WINDOW_PER_CALL = 500;

/** More attempts are needed only when Redis loses its data between them. */
const MAX_ATTEMPTS = 6;

/** After this many attempts to load a sender, the store is asked about the message alone. */
const MAX_LOADS = 2;

/** The questions of the log to the store about messages that it may have accepted before. */
export interface SentMessages {
  /** Returns what a user sent under a `clientMessageId` since a time, oldest first. */
  findSent(senderId: UserId, clientMessageId: ClientMessageId, sinceMs: number): Promise<MessageRecord[]>;
  /** Returns the `clientMessageId`s that a user has used since a time, at most `limit`. */
  sentSince(senderId: UserId, sinceMs: number, limit: number): Promise<ClientMessageId[]>;
  /** Returns whether the store has no message at all. */
  isEmpty(): Promise<boolean>;
}

export interface DedupeParts {
  readonly redis: RedisConnection;
  readonly keys: PartitionKeys;
  readonly appends: AppendBatcher;
  readonly filterBytes: number;
  readonly sentMessages: SentMessages;
  readonly knownStates: (ids: readonly ConversationId[]) => Promise<(ConversationState | undefined)[]>;
  /** Called each time when the store is asked. */
  readonly onStoreAsked: (about: 'message' | 'sender') => void;
}

/**
 * Appends messages of one partition, each clientMessageId of a sender once within 24 hours, whatever Redis lost
 * (docs/decisions/0020-dedupe-asks-the-store.md).
 *
 * The script decides alone as long as it is certain. When it is not, it appends nothing and says so. Then this class asks the store
 * about the sender (once for each sender in a young epoch) or about the message (when a filter may contain it), and repeats.
 */
export class Dedupe {
  readonly #parts: DedupeParts;
  /** Loads under way. Concurrent messages of a sender share one. */
  readonly #loading = new Map<UserId, Promise<void>>();

  constructor(parts: DedupeParts) {
    this.#parts = parts;
  }

  /**
   * Resolves to undefined when the conversation's head is unknown.
   *
   * @throws the error of the store, when it must be asked and is unavailable
   */
  async append(request: AppendRequest): Promise<AppendOutcome | undefined> {
    let askedAt = '';
    let loads = 0;
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts += 1) {
      const outcome = await this.#parts.appends.append(request, askedAt);
      if (!isDoubt(outcome)) return outcome;
      if (outcome.kind === 'sender-unknown' && loads < MAX_LOADS) {
        loads += 1;
        await this.#load(request.draft.senderId, outcome);
      } else {
        const sent = await this.#find(request, outcome);
        if (sent) return sent;
        askedAt = outcome.moment;
      }
    }
    throw new HeadUnknown(request.conversationId);
  }

  async #load(senderId: UserId, doubt: Doubt): Promise<void> {
    const pending = this.#loading.get(senderId);
    // It may have begun before this doubt. Then the script finds the sender unknown again, and the next load is a new one.
    if (pending) return pending;
    const loading = this.#loadOnce(senderId, doubt).finally(() => this.#loading.delete(senderId));
    this.#loading.set(senderId, loading);
    return loading;
  }

  async #loadOnce(senderId: UserId, { moment, nowMs }: Doubt): Promise<void> {
    const { sentMessages, onStoreAsked } = this.#parts;
    if (await sentMessages.isEmpty()) return this.#mark(senderId, moment, 'empty', []);
    onStoreAsked('sender');
    const ids = await sentMessages.sentSince(senderId, nowMs - DEDUPE_WINDOW_MS, MAX_LOADED_MESSAGES + 1);
    if (ids.length > MAX_LOADED_MESSAGES) return this.#mark(senderId, moment, 'too-many', []);
    for (let start = 0; start + LOADED_PER_CALL < ids.length; start += LOADED_PER_CALL) {
      await this.#mark(senderId, moment, 'part', ids.slice(start, start + LOADED_PER_CALL));
    }
    const rest = ids.length % LOADED_PER_CALL || LOADED_PER_CALL;
    await this.#mark(senderId, moment, 'all', ids.slice(-rest));
  }

  async #mark(
    senderId: UserId,
    moment: string,
    state: 'part' | 'all' | 'too-many' | 'empty',
    ids: readonly ClientMessageId[],
  ): Promise<void> {
    const { redis, keys, filterBytes } = this.#parts;
    const scriptKeys = [keys.epoch, keys.runId, keys.dedupe, ...keys.filters, keys.sender(senderId)];
    const hashes = ids.flatMap((id) => filterHashes(senderId, id));
    await runScript(redis, LOAD_SENDER, scriptKeys, [moment, filterBytes * 8, state, ...hashes]);
  }

  /** Returns how the message was appended before, or undefined when it was not. */
  async #find(request: AppendRequest, { nowMs }: Doubt): Promise<AppendOutcome | undefined> {
    const { sentMessages, onStoreAsked } = this.#parts;
    const { conversationId, draft } = request;
    const [state] = await this.#parts.knownStates([conversationId]);
    // In this order: a message leaves the unstored ones only when the store has it.
    const unstored = state && (await this.#findUnstored(request, state));
    if (unstored) return toOutcome(request, unstored);
    onStoreAsked('message');
    const find = () => sentMessages.findSent(draft.senderId, draft.clientMessageId, nowMs - DEDUPE_WINDOW_MS);
    for (const message of await find()) {
      const isAppended =
        message.conversationId === conversationId
          ? await this.#isAppendedHere(message, state, find)
          : await this.#isAppendedElsewhere(message);
      if (isAppended) return toOutcome(request, message);
    }
    return undefined;
  }

  async #findUnstored(
    { conversationId, draft }: AppendRequest,
    state: ConversationState,
  ): Promise<MessageRecord | undefined> {
    const { redis, keys } = this.#parts;
    for (let seq = state.storedSeq + 1; seq <= state.headSeq; seq += WINDOW_PER_CALL) {
      const window = await redis.xrange(keys.recent(conversationId), seq, seq + WINDOW_PER_CALL - 1);
      for (const entry of window) {
        const other = toRecentMessage(conversationId, entry);
        if (other.senderId === draft.senderId && other.clientMessageId === draft.clientMessageId) return other;
      }
    }
    return undefined;
  }

  /**
   * Returns whether a stored message of the request's conversation counts in this epoch. Above the committed offset it counts if it was
   * stored out of order. Otherwise a worker saved it late, after its epoch had ended, and another message will have its seq.
   *
   * @param state as it was before the store was asked
   * @param find asks the store again
   */
  async #isAppendedHere(
    message: MessageRecord,
    state: ConversationState | undefined,
    find: () => Promise<MessageRecord[]>,
  ): Promise<boolean> {
    if (state === undefined || message.seq <= state.storedSeq) return true;
    const { redis, keys, knownStates } = this.#parts;
    const { conversationId, seq, id } = message;
    // The offset is read later, because a seq leaves the set when the offset passes it.
    const isOutOfOrder = (await redis.sismember(keys.storedOutOfOrder(conversationId), seq)) === 1;
    const offset = isOutOfOrder ? seq : ((await knownStates([conversationId]))[0]?.storedSeq ?? 0);
    // By now another message may have been stored in its place.
    return seq <= offset && (await find()).some((stored) => stored.id === id);
  }

  /** The same for another conversation, which may be in another partition: a message that was stored out of order is missed. */
  async #isAppendedElsewhere({ conversationId, seq }: MessageRecord): Promise<boolean> {
    const [state] = await this.#parts.knownStates([conversationId]);
    return state === undefined || seq <= state.storedSeq;
  }
}

const isDoubt = (outcome: AppendOutcome | Doubt | undefined): outcome is Doubt =>
  outcome?.kind === 'sender-unknown' || outcome?.kind === 'maybe-sent';

function toOutcome({ conversationId, draft }: AppendRequest, sent: MessageRecord): AppendOutcome {
  if (sent.conversationId !== conversationId || !isSameMessage(draft, sent)) return { kind: 'conflict' };
  return { kind: 'duplicate', id: sent.id, seq: sent.seq, createdAtMs: sent.createdAtMs };
}
