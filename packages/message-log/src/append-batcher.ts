import type { MessageId, Seq } from '@parley/protocol';
import { isRedisOutOfMemory, loadScript, type RedisConnection, type RedisScript, runScript } from '@parley/service-kit';
import { contentDigest } from './content-digest.ts';
import { filterHashes } from './filter-hashes.ts';
import { DEDUPE_FUNCTIONS, EXPIRY_FUNCTIONS, PLACES_FUNCTIONS } from './included-scripts.ts';
import type { AppendOutcome, AppendRequest, MemoryGauge, SendRate } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';

/**
 * The sizes of a call, in messages. Redis needs the number of keys before it reads them, so the script is loaded once for each
 * size, and a smaller batch fills the rest with a key that is ignored.
 */
const CALL_SIZES = [1, 8, 32];
const MAX_CALL_MESSAGES = Math.max(...CALL_SIZES);

/** In place of the id of a message that was not found. */
const MISSING = '-';

/** A batch expected to be smaller than this saves less than the wait costs. */
const MIN_BATCH_MESSAGES = 16;

/** Weight of the newest interval in the moving average of the intervals between messages. */
const INTERVAL_WEIGHT = 0.05;
const MAX_INTERVAL_MS = 100;

const scripts = CALL_SIZES.map((size) =>
  loadScript(new URL('./scripts/append.lua', import.meta.url), 8 + 5 * size, [
    ...DEDUPE_FUNCTIONS,
    ...EXPIRY_FUNCTIONS,
    ...PLACES_FUNCTIONS,
  ]),
);

type AppendReply =
  | ['sent', string]
  | ['head-unknown']
  | [doubt: Doubt['kind'], moment: string, nowMs: number]
  | ['stale-members', string]
  | ['target-missing']
  | ['superseded']
  | ['rate-limited', waitMs: number]
  | ['busy']
  | ['over-share']
  | ['appended', seq: number, createdAtMs: number]
  | ['failed', reason: string];

/** The message was perhaps appended before. Nothing was appended now. */
export interface Doubt {
  /** The store must be asked about the sender's messages of the last day, or about this one. */
  readonly kind: 'sender-unknown' | 'maybe-sent';
  /** Orders this reply and the initialisations of conversations. */
  readonly moment: string;
  /** The time by the clock of Redis. */
  readonly nowMs: number;
}

interface Waiting {
  readonly request: AppendRequest;
  readonly askedAt: string;
  resolve(outcome: AppendOutcome | Doubt | undefined): void;
  reject(error: unknown): void;
}

export interface AppendBatcherOptions {
  readonly redis: RedisConnection;
  readonly keys: PartitionKeys;
  readonly maxInProcess: number;
  readonly rate: SendRate;
  readonly dedupeExactMs: number;
  readonly dedupeFilterBytes: number;
  readonly memory: MemoryGauge;
  /** How long appends may wait for others, ms; read at each append. 0 = one call for each. */
  readonly collectMs: () => number;
}

/**
 * Appends a partition's messages: at once while there are few, in batches on a busy server
 * (docs/decisions/0013-four-adaptive-batchers.md). Each message gets the outcome that it would have had alone, in the order of
 * arrival; a failure affects one message only.
 */
export class AppendBatcher {
  readonly #options: AppendBatcherOptions;
  #waiting: Waiting[] = [];
  #lastAt = performance.now();
  #averageIntervalMs = MAX_INTERVAL_MS;

  constructor(options: AppendBatcherOptions) {
    this.#options = options;
  }

  /**
   * Resolves to undefined when the conversation's head is unknown.
   *
   * @param askedAt the moment of a doubt, after which the store was asked and did not have the message; '' = it was not asked
   */
  append(request: AppendRequest, askedAt: string): Promise<AppendOutcome | Doubt | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome | Doubt | undefined>();
    this.#waiting.push({ request, askedAt, resolve, reject });
    const collectMs = this.#collectMs();
    if (this.#waiting.length === MAX_CALL_MESSAGES || (this.#waiting.length === 1 && collectMs === 0)) this.#call();
    else if (this.#waiting.length === 1) setTimeout(() => this.#call(), collectMs);
    return promise;
  }

  #collectMs(): number {
    const now = performance.now();
    const intervalMs = Math.min(MAX_INTERVAL_MS, now - this.#lastAt);
    this.#lastAt = now;
    this.#averageIntervalMs += INTERVAL_WEIGHT * (intervalMs - this.#averageIntervalMs);
    const collectMs = this.#options.collectMs();
    return collectMs >= this.#averageIntervalMs * MIN_BATCH_MESSAGES ? collectMs : 0;
  }

  #call(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#replies(batch).then(
      (replies) => {
        for (const [index, { request, resolve, reject }] of batch.entries()) {
          const reply = replies[index] ?? ['failed', 'no reply'];
          if (reply[0] === 'failed') reject(new Error(`appending a message failed: ${reply[1]}`));
          else if (reply[0] === 'busy' || reply[0] === 'over-share')
            resolve({ kind: reply[0], retryAfterMs: this.#busyRetryAfterMs() });
          else resolve(toOutcome(reply, request));
        }
      },
      (error: unknown) => {
        if (!isRedisOutOfMemory(error)) {
          for (const { reject } of batch) reject(error);
          return;
        }
        this.#options.memory.commandRefused();
        for (const { resolve } of batch) resolve({ kind: 'busy', retryAfterMs: fullMemoryRetryAfterMs() });
      },
    );
  }

  #busyRetryAfterMs(): number {
    return this.#options.memory.isNearLimit ? fullMemoryRetryAfterMs() : busyRetryAfterMs();
  }

  async #replies(batch: readonly Waiting[]): Promise<AppendReply[]> {
    const { redis, keys, maxInProcess, rate, dedupeExactMs, dedupeFilterBytes, memory } = this.#options;
    const scriptKeys = [keys.log, keys.epoch, keys.runId, keys.dedupe, ...keys.filters, keys.places];
    // Near the memory limit nothing new is appended, and a repeat is still recognised.
    const limit = memory.isNearLimit ? 0 : maxInProcess;
    const args: (string | number)[] = [limit, dedupeExactMs, dedupeFilterBytes * 8, rate.perSecond, rate.burst];
    for (const { request, askedAt } of batch) {
      const { conversationId, draft, node, membersVersion, fence = 0, isTargetMissing } = request;
      const { senderId, clientMessageId, replyTo = '' } = draft;
      scriptKeys.push(
        keys.conversation(conversationId),
        keys.recent(conversationId),
        keys.sent(senderId, clientMessageId),
        keys.deletions(conversationId),
        keys.sender(senderId),
      );
      const [targetId, deletedId] = draft.kind === 'delete' ? ['', replyTo] : [replyTo, ''];
      const holder = draft.kind === 'system' ? '' : senderId;
      args.push(conversationId, holder, draft.id, contentDigest(draft), JSON.stringify(draft));
      args.push(
        node,
        membersVersion,
        fence,
        isTargetMissing ? MISSING : targetId,
        deletedId,
        ...filterHashes(senderId, clientMessageId),
        askedAt,
      );
    }
    const script = scripts.find(({ numberOfKeys }) => numberOfKeys >= scriptKeys.length) as RedisScript;
    while (scriptKeys.length < script.numberOfKeys) scriptKeys.push(keys.log);
    return (await runScript(redis, script, scriptKeys, args)) as AppendReply[];
  }
}

function toOutcome(
  reply: Exclude<AppendReply, ['failed', string] | ['busy'] | ['over-share']>,
  request: AppendRequest,
): AppendOutcome | Doubt | undefined {
  switch (reply[0]) {
    case 'appended':
      return { kind: 'appended', seq: reply[1] as Seq, createdAtMs: reply[2] };
    case 'sent':
      return toRepeatOutcome(reply[1], request);
    case 'stale-members':
      return { kind: 'stale-members', membersVersion: reply[1] };
    case 'rate-limited':
      return { kind: 'rate-limited', retryAfterMs: reply[1] };
    case 'target-missing':
    case 'superseded':
      return { kind: reply[0] };
    case 'sender-unknown':
    case 'maybe-sent':
      return { kind: reply[0], moment: reply[1], nowMs: reply[2] };
    case 'head-unknown':
      return undefined;
  }
}

/**
 * Workers free capacity within the time of one batch. The jitter spreads the retries of clients that were rejected at the same
 * time.
 */
const busyRetryAfterMs = () => Math.round(100 + 400 * Math.random());

/** Memory becomes free when the store has the messages in process, and old data has left. */
const fullMemoryRetryAfterMs = () => Math.round(1_000 + 2_000 * Math.random());

/** An entry of an earlier release has no digest, so its content counts as the same. */
function toRepeatOutcome(sent: string, { conversationId, draft }: AppendRequest): AppendOutcome {
  const [sentTo, id, seq, createdAtMs, digest = contentDigest(draft)] = sent.split(' ');
  if (sentTo !== conversationId || digest !== contentDigest(draft)) return { kind: 'conflict' };
  return { kind: 'duplicate', id: id as MessageId, seq: Number(seq) as Seq, createdAtMs: Number(createdAtMs) };
}
