import { randomUUID } from 'node:crypto';
import type { UserId } from '@parley/protocol';
import { commandTimeoutOf, DeadlineExceeded, loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import type {
  AcquireOutcome,
  FencingToken,
  IdleSession,
  LeaseRef,
  Renewal,
  RenewOutcome,
  SessionLease,
  SessionLeases,
} from './session-leases.ts';

const fileOf = (name: string) => new URL(`./scripts/${name}.lua`, import.meta.url);
const script = (name: string, numberOfKeys: number, includes = ['session-clock']) =>
  loadScript(fileOf(name), numberOfKeys, includes.map(fileOf));

const WITH_QUEUE = ['session-clock', 'lease-index', 'waiting-room'];
const scripts = {
  acquire: script('acquire', 15, WITH_QUEUE),
  renew: script('renew', 13, WITH_QUEUE),
  release: script('release', 6, ['lease-index']),
  releaseNode: script('release-node', 6, ['lease-index']),
  extendAuthorisation: script('extend-authorisation', 4),
  find: script('find', 4),
  ledger: script('ledger', 5),
  count: script('count', 4),
  liveUsers: script('live-users', 3),
};

/** How long before its end the user of an idle session is warned, ms. Half of a timeout that is not longer than that. */
const IDLE_WARNING_MS = 30_000;

/** Bounds how long one script blocks Redis: a few milliseconds. */
const MAX_LEASES_PER_CALL = 1_000;

type AcquireReply =
  | ['acquired', startedAtMs: string, fence: string]
  | ['acquired', startedAtMs: string, fence: string, replacedNode: string, replacedToken: FencingToken]
  | ['full', position: number, waitTicket: string, retryAfterMs: number]
  | ['already-connected', startedAtMs: string]
  | ['address-full'];
type RenewReply = [nowMs: number, lost: number[], idle: number[]];
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
  /** Slots that guests may not take. Default: 0. */
  reservedForAccounts?: number | undefined;
  /** Slots for one address; 0, the default, = no limit. */
  clientsPerAddress?: number | undefined;
  /** A session that is idle for longer ends while somebody waits for a slot; 0, the default, = off. */
  idleTimeoutMs?: number | undefined;
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
  const { reservedForAccounts = 0, clientsPerAddress = 0, idleTimeoutMs = 0 } = options;
  const warningMs = idleTimeoutMs > IDLE_WARNING_MS ? IDLE_WARNING_MS : Math.floor(idleTimeoutMs / 2);
  const key = (name: string) => `${keyPrefix}:{sessions}:${name}`;
  const live = key('live');
  const holders = key('holders');
  const index = [live, holders, ...['active:guests', 'active:accounts', 'ending', 'addresses'].map(key)];
  const lapse = key('waiting:lapse');
  const queue = [key('waiting'), key('waiting:guests'), lapse, key('waiting:tickets'), key('waiting:kept')];
  const arrivals = key('waiting:arrivals');
  const touched = key('touched');
  const skew = key('skew');
  const fence = key('fence');
  const clock = new RemoteClock();

  async function renewChunk(chunk: readonly Renewal[]): Promise<RenewOutcome> {
    const settings = [sessionTtlMs, maxClients, reservedForAccounts, idleTimeoutMs, warningMs];
    const leases = chunk.flatMap(({ userId, token, activeAgoMs = '' }) => [userId, token, activeAgoMs]);
    const keys = [...index, ...queue, touched, skew];
    const reply = await runScript(redis, scripts.renew, keys, [...settings, ...leases]);
    const [nowMs, lost, ends] = reply as RenewReply;
    clock.set(nowMs);
    const isLost = new Set(lost);
    const idle: IdleSession[] = [];
    for (let at = 0; at < ends.length; at += 2) {
      const { token } = chunk[ends[at] as number] as Renewal;
      idle.push({ token, endsInMs: ends[at + 1] as number });
    }
    return { lost: chunk.filter((_, position) => isLost.has(position)), idle };
  }

  return {
    async acquire({ userId, token, node, deviceId = '', authorisedUntilMs, takeover, ...details }) {
      const keys = [...index, ...queue, arrivals, touched, skew, fence];
      const request = [userId, token, node, deviceId, authorisedUntilMs, Number(takeover), maxClients, sessionTtlMs];
      const { attempt: deviceAttempt = '', isGuest = false, address = '' } = details;
      const shares = [Number(isGuest), reservedForAccounts, address, clientsPerAddress];
      if (!clock.isSet) await renewChunk([]);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const notAfterMs = clock.nowMs + commandTimeoutOf(redis);
        const args = [...request, randomUUID(), notAfterMs, deviceAttempt, ...shares];
        const reply = (await runScript(redis, scripts.acquire, keys, args)) as AcquireReply | LateReply;
        if (reply[0] !== 'late') return toAcquireOutcome(reply);
        clock.set(reply[1]); // the reply was in time, so the estimate of the Redis clock was wrong: the clock was changed
      }
      throw new DeadlineExceeded('acquiring a session slot', commandTimeoutOf(redis));
    },

    async renew(renewals) {
      const outcomes = await Promise.all(chunksOf(renewals).map(renewChunk));
      return { lost: outcomes.flatMap(({ lost }) => lost), idle: outcomes.flatMap(({ idle }) => idle) };
    },

    async release(refs) {
      const freed = await Promise.all(
        chunksOf(refs).map((chunk) => runScript(redis, scripts.release, index, pairsOf(chunk))),
      );
      return (freed as number[]).reduce((sum, count) => sum + count, 0);
    },

    async releaseNode(node) {
      return (await runScript(redis, scripts.releaseNode, index, [node])) as number;
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
function chunksOf<Ref extends LeaseRef>(refs: readonly Ref[]): (readonly Ref[])[] {
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
  if (reply[0] === 'address-full') return { kind: reply[0] };
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
