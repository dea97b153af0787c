import { afterAll, afterEach } from '@jest/globals';
import type { UserId } from '@parley/protocol';
import { connectRedis, type RedisConnection, silentLogger, startLoop } from '@parley/service-kit';
import { newRedis, type TestRedis, withoutCommandDeadline } from '@parley/testing';
import {
  type AcquireOutcome,
  type AcquireRequest,
  createRedisSessionLeases,
  newFencingToken,
  type RedisSessionLeasesOptions,
  type SessionLeases,
} from '../src/index.ts';

/** Long enough that nothing expires during a test, even on a slow machine. */
export const LONG_TTL_MS = 600_000;

export interface LeaseFixture {
  readonly redis: TestRedis;
  /** Opens another connection, as another server would. */
  connect(): Promise<RedisConnection>;
  /** Creates separate leases for one test. */
  newLeases(options: Partial<RedisSessionLeasesOptions> & { maxClients: number }): SessionLeases;
  /** Renews as a server without sessions does, until the test ends. */
  keepServerAlive(leases: SessionLeases, sessionTtlMs: number): void;
  /** Reads the clock of Redis. */
  nowMs(): Promise<number>;
}

/**
 * Starts a Redis for the session leases of one test file. Call it at the top level of the file.
 *
 * @param env added to the environment of Redis
 */
export async function newLeaseFixture(env: NodeJS.ProcessEnv = {}): Promise<LeaseFixture> {
  const logger = silentLogger();
  const connections: RedisConnection[] = [];
  afterAll(() => {
    for (const connection of connections) connection.disconnect();
  });
  const redis = await newRedis({ env });
  const connect = async () => {
    const connection = await connectRedis(redis.url, 'command', { logger, connectionName: 'leases-test' });
    connections.push(connection);
    return withoutCommandDeadline(connection);
  };
  const shared = await connect();

  let servers: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
  });

  let prefixes = 0;
  return {
    redis,
    connect,
    newLeases(options) {
      prefixes += 1;
      return createRedisSessionLeases(shared, {
        sessionTtlMs: LONG_TTL_MS,
        keyPrefix: `test-${prefixes}`,
        ...options,
      });
    },
    keepServerAlive(leases, sessionTtlMs) {
      const renewNothing = async () => {
        await leases.renew([]);
      };
      servers.push(startLoop('another server', renewNothing, { everyMs: sessionTtlMs / 10, logger }));
    },
    async nowMs() {
      const [seconds, microseconds] = await redis.client.time();
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    },
  };
}

export const userId = (name: string) => name as UserId;

export const AUTHORISED_UNTIL_MS = 1_900_000_000_123;

export function request(user: string, overrides: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    userId: userId(user),
    token: newFencingToken(),
    node: 'chat-server-1',
    authorisedUntilMs: AUTHORISED_UNTIL_MS,
    takeover: false,
    ...overrides,
  };
}

/** Narrows an outcome to one kind, or fails with the actual outcome. */
export function expectKind<K extends AcquireOutcome['kind']>(kind: K, outcome: AcquireOutcome) {
  if (outcome.kind !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(outcome)}`);
  return outcome as Extract<AcquireOutcome, { kind: K }>;
}

/** Acquires a slot that must be free. */
export async function hold(leases: SessionLeases, user: string, overrides: Partial<AcquireRequest> = {}) {
  const sent = request(user, overrides);
  return { ...sent, ...expectKind('acquired', await leases.acquire(sent)) };
}

/** Requests a slot when none is free, so the user waits. */
export async function queueUp(
  leases: SessionLeases,
  user: string,
  waitTicket?: string,
  overrides: Partial<AcquireRequest> = {},
) {
  return expectKind('full', await leases.acquire(request(user, { waitTicket, ...overrides })));
}
