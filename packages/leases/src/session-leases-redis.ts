import { randomUUID } from 'node:crypto';
import type { UserId } from '@parley/protocol';
import { commandTimeoutOf, DeadlineExceeded, loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { RemoteClock } from './remote-clock.ts';
import type { AcquireOutcome, FencingToken, Holding, SessionLease, SessionLeases } from './session-leases.ts';

const script = (name: string, numberOfKeys: number) =>
  loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), numberOfKeys);

const scripts = {
  acquire: script('acquire', 9),
  renew: script('renew', 4),
  release: script('release', 2),
  releaseNode: script('release-node', 2),
  extendAuthorisation: script('extend-authorisation', 4),
  find: script('find', 4),
  ledger: script('ledger', 5),
  count: script('count', 4),
  liveUsers: script('live-users', 3),
};

/** Bounds how long one call keeps Redis from everybody else: some milliseconds. */
const MAX_LEASES_PER_CALL = 1_000;

type AcquireReply =
  | ['acquired', startedAtMs: string]
  | ['acquired', startedAtMs: string, replacedNode: string, replacedToken: FencingToken]
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
  /** Places in the whole cluster; 0 = no limit. The same on every server. */
  maxClients: number;
  /**
   * How long a lease holds without renewal. Servers renew every fifth of it, those without sessions too: a silence of
   * half of it counts as an outage of Redis.
   */
  sessionTtlMs: number;
  /** What the keys begin with; the default is `parley`. All share the hash tag `{sessions}`. */
  keyPrefix?: string | undefined;
}

/**
 * The leases in Redis, each call one Lua script. Times are those of Redis' clock. An `acquire` that Redis carries out after the
 * connection gave it up has no effect.
 *
 * A place in the queue belongs to the user, not to the ticket: a lost ticket costs nobody the place and a stolen one
 * gains none. It lapses soon after the user was to come back, and then keeps nobody waiting; who comes back within eight TTLs stands
 * where it stood. After an outage nothing expires for a third of the TTL, so that the sessions that live are renewed before
 * a newcomer takes their places.
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
  const recovering = key('recovering');
  const clock = new RemoteClock();

  async function renewChunk(chunk: readonly Holding[]) {
    const keys = [live, holders, touched, recovering];
    const reply = await runScript(redis, scripts.renew, keys, [sessionTtlMs, ...pairsOf(chunk)]);
    const [nowMs = 0, ...lost] = reply as number[];
    clock.set(nowMs);
    const isLost = new Set(lost);
    return chunk.filter((_, index) => isLost.has(index));
  }

  return {
    async acquire({ userId, token, node, deviceId = '', authorisedUntilMs, takeover, attempt: deviceAttempt = '' }) {
      const keys = [live, holders, waiting, lapse, tickets, kept, arrivals, touched, recovering];
      const request = [userId, token, node, deviceId, authorisedUntilMs, Number(takeover), maxClients, sessionTtlMs];
      if (!clock.isSet) await renewChunk([]);
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        const notAfterMs = clock.nowMs + commandTimeoutOf(redis);
        const args = [...request, randomUUID(), notAfterMs, deviceAttempt];
        const reply = (await runScript(redis, scripts.acquire, keys, args)) as AcquireReply | LateReply;
        if (reply[0] !== 'late') return toAcquireOutcome(reply);
        clock.set(reply[1]); // that it came shows that it was not late: the clock was changed
      }
      throw new DeadlineExceeded('asking for a place', commandTimeoutOf(redis));
    },

    async renew(held) {
      return (await Promise.all(chunksOf(held).map(renewChunk))).flat();
    },

    async release(held) {
      const freed = await Promise.all(
        chunksOf(held).map((chunk) => runScript(redis, scripts.release, [live, holders], pairsOf(chunk))),
      );
      return (freed as number[]).reduce((sum, count) => sum + count, 0);
    },

    async releaseNode(node) {
      return (await runScript(redis, scripts.releaseNode, [live, holders], [node])) as number;
    },

    async extendAuthorisation(userId, authorisedUntilMs) {
      const keys = [live, holders, touched, recovering];
      const reply = await runScript(redis, scripts.extendAuthorisation, keys, [
        userId,
        authorisedUntilMs,
        sessionTtlMs,
      ]);
      return reply === 1;
    },

    async find(userId) {
      const reply = await runScript(redis, scripts.find, [live, holders, touched, recovering], [userId, sessionTtlMs]);
      return reply === null ? undefined : toLease(reply as LeaseReply);
    },

    async ledger() {
      const reply = await runScript(redis, scripts.ledger, [live, holders, lapse, touched, recovering], [sessionTtlMs]);
      const [usersWaiting, leases] = reply as [number, LeaseReply[]];
      return { leases: leases.map(toLease).sort((a, b) => a.startedAtMs - b.startedAtMs), waiting: usersWaiting };
    },

    async count() {
      const reply = await runScript(redis, scripts.count, [live, lapse, touched, recovering], [sessionTtlMs]);
      const [held, usersWaiting] = reply as [number, number];
      return { held, waiting: usersWaiting };
    },

    async liveUsers() {
      return (await runScript(redis, scripts.liveUsers, [live, touched, recovering], [sessionTtlMs])) as UserId[];
    },
  };
}

/** One chunk at least: whoever holds nothing shows that it lives. */
function chunksOf(held: readonly Holding[]): (readonly Holding[])[] {
  const chunks = [held.slice(0, MAX_LEASES_PER_CALL)];
  for (let start = MAX_LEASES_PER_CALL; start < held.length; start += MAX_LEASES_PER_CALL) {
    chunks.push(held.slice(start, start + MAX_LEASES_PER_CALL));
  }
  return chunks;
}

const pairsOf = (held: readonly Holding[]) => held.flatMap(({ userId, token }) => [userId, token]);

function toAcquireOutcome(reply: AcquireReply): AcquireOutcome {
  if (reply[0] === 'full') {
    const [kind, position, waitTicket, retryAfterMs] = reply;
    return { kind, position, waitTicket, retryAfterMs };
  }
  if (reply[0] === 'already-connected') return { kind: reply[0], startedAtMs: Number(reply[1]) };
  const [kind, startedAtMs, node, token] = reply;
  const replaced = node !== undefined && token !== undefined ? { replaced: { node, token } } : {};
  return { kind, startedAtMs: Number(startedAtMs), ...replaced };
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
