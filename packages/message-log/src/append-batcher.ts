import type { MessageId, Seq } from '@parley/protocol';
import { loadScript, type RedisConnection, type RedisScript, runScript } from '@parley/service-kit';
import type { AcceptOutcome, AcceptRequest } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';

/** Messages that one call accepts at most, and the sizes of calls: Redis is told of the keys' number before it sees them. */
const CALL_SIZES = [1, 8, 32];
const MAX_CALL_MESSAGES = Math.max(...CALL_SIZES);

/** Gathering for fewer than that saves less than it delays. */
const WORTH_GATHERING = 4;

/** How much the newest message counts in how far apart they come. */
const NEWEST_SHARE = 0.05;
const MAX_APART_MS = 100;

const scripts = CALL_SIZES.map((size) => loadScript(new URL('./scripts/append.lua', import.meta.url), 2 + 4 * size));

type AcceptReply =
  | ['sent', string]
  | ['unseeded']
  | ['stale-members', string]
  | ['target-deleted']
  | ['busy']
  | ['accepted', seq: number, createdAtMs: number]
  | ['failed', why: string];

interface Waiting {
  readonly request: AcceptRequest;
  resolve(outcome: AcceptOutcome): void;
  reject(error: unknown): void;
}

export interface AcceptBatchesOptions {
  readonly redis: RedisConnection;
  readonly keys: PartitionKeys;
  readonly maxInProcess: number;
  readonly dedupeTtlMs: number;
  /** How long accepts may wait for others, ms; asked often. 0 = not at all. */
  readonly gatherMs: () => number;
  /** Resolves when the connection may be used; asked before each call. */
  readonly ready: () => Promise<void>;
}

/**
 * Accepts a partition's messages. While there is little to do each goes at once; a busy server lets some milliseconds' messages
 * share a call, which costs it and Redis about two thirds of what so many calls do.
 */
export class AcceptBatches {
  readonly #options: AcceptBatchesOptions;
  #waiting: Waiting[] = [];
  #lastAt = performance.now();
  #apartMs = MAX_APART_MS;

  constructor(options: AcceptBatchesOptions) {
    this.#options = options;
  }

  accept(request: AcceptRequest): Promise<AcceptOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<AcceptOutcome>();
    this.#waiting.push({ request, resolve, reject });
    const gatherMs = this.#gatherMs();
    if (this.#waiting.length === MAX_CALL_MESSAGES || (this.#waiting.length === 1 && gatherMs === 0)) this.#call();
    else if (this.#waiting.length === 1) setTimeout(() => this.#call(), gatherMs);
    return promise;
  }

  #gatherMs(): number {
    const now = performance.now();
    const apartMs = Math.min(MAX_APART_MS, now - this.#lastAt);
    this.#lastAt = now;
    this.#apartMs += NEWEST_SHARE * (apartMs - this.#apartMs);
    const gatherMs = this.#options.gatherMs();
    return gatherMs >= this.#apartMs * WORTH_GATHERING ? gatherMs : 0;
  }

  #call(): void {
    const called = this.#waiting;
    if (called.length === 0) return;
    this.#waiting = [];
    this.#replies(called.map(({ request }) => request)).then(
      (replies) => {
        for (const [index, { request, resolve, reject }] of called.entries()) {
          const reply = replies[index] ?? ['failed', 'no reply'];
          if (reply[0] === 'failed') reject(new Error(`accepting a message: ${reply[1]}`));
          else resolve(toOutcome(reply, request));
        }
      },
      (error: unknown) => {
        for (const { reject } of called) reject(error);
      },
    );
  }

  async #replies(requests: readonly AcceptRequest[]): Promise<AcceptReply[]> {
    const { redis, keys, maxInProcess, dedupeTtlMs, ready } = this.#options;
    const scriptKeys = [keys.log, keys.epoch];
    const args: (string | number)[] = [maxInProcess, dedupeTtlMs];
    for (const { conversationId, draft, node, membersVersion } of requests) {
      const { senderId, clientMessageId, replyTo = '' } = draft;
      scriptKeys.push(
        keys.conversation(conversationId),
        keys.recent(conversationId),
        keys.sent(senderId, clientMessageId),
        keys.deletions(conversationId),
      );
      const [needed, deleted] = draft.kind === 'delete' ? ['', replyTo] : [replyTo, ''];
      args.push(conversationId, draft.id, JSON.stringify(draft), node, membersVersion, needed, deleted);
    }
    const script = scripts.find(({ numberOfKeys }) => numberOfKeys >= scriptKeys.length) as RedisScript;
    while (scriptKeys.length < script.numberOfKeys) scriptKeys.push(keys.log);
    await ready();
    return (await runScript(redis, script, scriptKeys, args)) as AcceptReply[];
  }
}

function toOutcome(reply: Exclude<AcceptReply, ['failed', string]>, { conversationId }: AcceptRequest): AcceptOutcome {
  switch (reply[0]) {
    case 'accepted':
      return { kind: 'accepted', seq: reply[1] as Seq, createdAtMs: reply[2] };
    case 'sent':
      return sentBefore(reply[1], conversationId);
    case 'stale-members':
      return { kind: 'stale-members', membersVersion: reply[1] };
    case 'busy':
      return { kind: 'busy', retryAfterMs: busyRetryAfterMs() };
    case 'target-deleted':
    case 'unseeded':
      return { kind: reply[0] };
  }
}

/** Workers free places within a batch's time; the jitter keeps those who were refused together from coming back together. */
const busyRetryAfterMs = () => Math.round(100 + 400 * Math.random());

function sentBefore(sent: string, conversationId: string): AcceptOutcome {
  const [sentTo, id, seq, createdAtMs] = sent.split(' ');
  if (sentTo !== conversationId) return { kind: 'conflict' };
  return { kind: 'duplicate', id: id as MessageId, seq: Number(seq) as Seq, createdAtMs: Number(createdAtMs) };
}
