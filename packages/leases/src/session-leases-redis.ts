import { randomUUID } from 'node:crypto';
import type { UserId } from '@parley/protocol';
import { commandTimeoutOf, DeadlineExceeded, loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type { AcquireOutcome, FencingToken, LeaseRef, SessionLease, SessionLeases } from './session-leases.ts';

const script = (name: string, numberOfKeys: number) =>
  loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), numberOfKeys, [
    new URL('./scripts/session-clock.lua', import.meta.url),
  ]);

const scripts = {
  acquire: script('acquire', 10),
  renew: script('renew', 4),
  release: script('release', 2),
  releaseNode: script('release-node', 2),
  extendAuthorisation: script('extend-authorisation', 4),
  find: script('find', 4),
  ledger: script('ledger', 5),
  count: script('count', 4),
  liveUsers: script('live-users', 3),
};

/** Bounds how long one script blocks Redis: a few milliseconds. */
const MAX_LEASES_PER_CALL = 1_000;

type AcquireReply =
  | ['acquired', startedAtMs: string, fence: string]
  | ['acquired', startedAtMs: string, fence: string, replacedNode: string, replacedToken: FencingToken]
  | ['full', position: number, waitTicket: string, retryAfterMs: number]
  | ['already-connected', startedAtMs: string];
type LateReply = ['late', nowMs: number];

type LeaseReply = [userId: UserId, expiresAtMs: string, record: string];

interface HolderRecord {
  token: FencingToken;
  node: string;
  deviceId: string;
  startedAtMs: string;
  authorisedUntilMs: string;
}

export interface RedisSessionLeasesOptions {
  /** Session slots of the whole cluster; 0 = no limit. Must be the same on every server. */
  maxClients: number;
  /**
   * Lifetime of a lease without renewal. Every server renews five times within it, even without sessions: if no server has
   * renewed for a third of it, Redis was unavailable.
   */
  sessionTtlMs: number;
  /** Prefix of the keys, by default `parley`. All keys share the hash tag `{sessions}`. */
  keyPrefix?: string | undefined;
}

/**
 * Creates session leases in Redis. Each call is one Lua script.
 *
 * **The session clock.** Leases and queue positions expire by a clock that the scripts derive from the clock of Redis. It never goes
 * back, and between two calls of `acquire` or `renew` it advances by at most a third of a TTL. Those two calls store the time of Redis
 * as `touched` and, when the clocks diverge, their difference as `skew`.
 * - When the clock of Redis is set back, the session clock continues from its last value. A dead server's leases do not gain an hour.
 * - When it is set forward, or when Redis was unavailable, the session clock advances by a third of a TTL only. A lease of a live server
 *   was renewed within the last fifth of a TTL, so almost half of its TTL remains for the next renewal.
 *
 * Redis executes a command even after its client has stopped waiting, for example when Redis was frozen. Such an `acquire`
 * must not replace the session of a later attempt. Each call therefore carries its deadline by the clock of Redis itself,
 * which the scripts' replies report.
 */
export function createRedisSessionLeases(redis: RedisConnection, options: RedisSessionLeasesOptions): SessionLeases {
  const { maxClients, sessionTtlMs, keyPrefix = 'parley' } = options;
  const key = (name: string) => `${keyPrefix}:{sessions}:${name}`;
  const live = key('live');
  const holders = key('holders');
  const waiting = key('waiting');
  const lapse = key('waiting:lapse');
  const tickets = key('waiting:tickets');
  const kept = key('waiting:kept');
  const arrivals = key('waiting:arrivals');
  const touched = key('touched');
  const skew = key('skew');
  const fence = key('fence');
  const clock = new RemoteClock();

  async function renewChunk(chunk: readonly LeaseRef[]) {
    const keys = [live, holders, touched, skew];
    const reply = await runScript(redis, scripts.renew, keys, [sessionTtlMs, ...pairsOf(chunk)]);
    const [nowMs = 0, ...lost] = reply as number[];
    clock.set(nowMs);
    const isLost = new Set(lost);
    return chunk.filter((_, index) => isLost.has(index));
  }

  return {
    async acquire({ userId, token, node, deviceId = '', authorisedUntilMs, takeover, attempt: deviceAttempt = '' }) {
      const keys = [live, holders, waiting, lapse, tickets, kept, arrivals, touched, skew, fence];
      const request = [userId, token, node, deviceId, authorisedUntilMs, Number(takeover), maxClients, sessionTtlMs];
      if (!clock.isSet) await renewChunk([]);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const notAfterMs = clock.nowMs + commandTimeoutOf(redis);
        const args = [...request, randomUUID(), notAfterMs, deviceAttempt];
        const reply = (await runScript(redis, scripts.acquire, keys, args)) as AcquireReply | LateReply;
        if (reply[0] !== 'late') return toAcquireOutcome(reply);
        clock.set(reply[1]); // the reply was in time, so the estimate of the Redis clock was wrong: the clock was changed
      }
      throw new DeadlineExceeded('acquiring a session slot', commandTimeoutOf(redis));
    },

    async renew(refs) {
      return (await Promise.all(chunksOf(refs).map(renewChunk))).flat();
    },

    async release(refs) {
      const freed = await Promise.all(
        chunksOf(refs).map((chunk) => runScript(redis, scripts.release, [live, holders], pairsOf(chunk))),
      );
      return (freed as number[]).reduce((sum, count) => sum + count, 0);
    },

    async releaseNode(node) {
      return (await runScript(redis, scripts.releaseNode, [live, holders], [node])) as number;
    },

    async extendAuthorisation(userId, authorisedUntilMs) {
      const keys = [live, holders, touched, skew];
      const reply = await runScript(redis, scripts.extendAuthorisation, keys, [
        userId,
        authorisedUntilMs,
        sessionTtlMs,
      ]);
      return reply === 1;
    },

    async find(userId) {
      const reply = await runScript(redis, scripts.find, [live, holders, touched, skew], [userId, sessionTtlMs]);
      return reply === null ? undefined : toLease(reply as LeaseReply);
    },

    async ledger() {
      const reply = await runScript(redis, scripts.ledger, [live, holders, lapse, touched, skew], [sessionTtlMs]);
      const [usersWaiting, leases] = reply as [number, LeaseReply[]];
      return { leases: leases.map(toLease).sort((a, b) => a.startedAtMs - b.startedAtMs), waiting: usersWaiting };
    },

    async count() {
      const reply = await runScript(redis, scripts.count, [live, lapse, touched, skew], [sessionTtlMs]);
      const [held, usersWaiting] = reply as [number, number];
      return { held, waiting: usersWaiting };
    },

    async liveUsers() {
      return (await runScript(redis, scripts.liveUsers, [live, touched, skew], [sessionTtlMs])) as UserId[];
    },
  };
}

/** At least one chunk, because a call without leases also has an effect. */
function chunksOf(refs: readonly LeaseRef[]): (readonly LeaseRef[])[] {
  const chunks = [refs.slice(0, MAX_LEASES_PER_CALL)];
  for (let start = MAX_LEASES_PER_CALL; start < refs.length; start += MAX_LEASES_PER_CALL) {
    chunks.push(refs.slice(start, start + MAX_LEASES_PER_CALL));
  }
  return chunks;
}

const pairsOf = (refs: readonly LeaseRef[]) => refs.flatMap(({ userId, token }) => [userId, token]);

function toAcquireOutcome(reply: AcquireReply): AcquireOutcome {
  if (reply[0] === 'full') {
    const [kind, position, waitTicket, retryAfterMs] = reply;
    return { kind, position, waitTicket, retryAfterMs };
  }
  if (reply[0] === 'already-connected') return { kind: reply[0], startedAtMs: Number(reply[1]) };
  const [kind, startedAtMs, fence, node, token] = reply;
  const replaced = node !== undefined && token !== undefined ? { replaced: { node, token } } : {};
  return { kind, startedAtMs: Number(startedAtMs), fence: Number(fence), ...replaced };
}

function toLease([userId, expiresAtMs, json]: LeaseReply): SessionLease {
  const record = JSON.parse(json) as HolderRecord;
  return {
    userId,
    token: record.token,
    node: record.node,
    deviceId: record.deviceId || undefined,
    startedAtMs: Number(record.startedAtMs),
    authorisedUntilMs: Number(record.authorisedUntilMs),
    expiresAtMs: Number(expiresAtMs),
  };
}

/** Estimates a clock on another machine from the last time that it reported. */
class RemoteClock {
  #aheadMs: number | undefined;

  get isSet(): boolean {
    return this.#aheadMs !== undefined;
  }

  /** Whole Unix milliseconds. Never ahead of the remote clock; behind it by the delay of the last report. */
  get nowMs(): number {
    return Math.floor(performance.now() + (this.#aheadMs ?? 0));
  }

  /** @param nowMs the reported time, in Unix milliseconds */
  set(nowMs: number): void {
    this.#aheadMs = nowMs - performance.now();
  }
}
