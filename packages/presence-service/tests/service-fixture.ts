import { randomUUID } from 'node:crypto';
import { afterAll, afterEach } from '@jest/globals';
import { createRedisSessionLeases, newFencingToken, type SessionLeases } from '@parley/leases';
import { openSqliteStore, type Store } from '@parley/message-store';
import { createRedisPresenceStore, PresenceReporter, type PresenceStore } from '@parley/presence';
import type { ConversationId, PresenceChange, PresencePacket, UserId } from '@parley/protocol';
import { connectRedis, type Loop, readConfig, silentLogger, startLoop } from '@parley/service-kit';
import {
  eventually,
  newRedis,
  newTemporaryDirectory,
  type TestRedis,
  WITHOUT_STORE_DEADLINES,
  withoutCommandDeadline,
} from '@parley/testing';
import notepack from 'notepack.io';
import { PresenceServiceSettings } from '../src/config.ts';
import { type PresenceService, startPresenceService } from '../src/presence-service.ts';

/** A quarter of it is longer than the pauses of a busy machine. */
export const TTL_MS = 4_000;

/** A session slot, renewed as by a chat server. */
export interface HeldSlot {
  readonly userId: UserId;
  release(): Promise<void>;
  /** Simulates the death of the server: the lease is neither renewed nor released. */
  abandon(): void;
}

export interface ServiceFixture {
  readonly redis: TestRedis;
  readonly presence: PresenceStore;
  readonly reporter: PresenceReporter;
  /** The changes sent to users' rooms, each with its room, in order. */
  readonly notifications: { room: string; change: PresenceChange }[];
  start(name: string, settings?: Record<string, number>): Promise<PresenceService>;
  acquireSlot(userId: UserId): Promise<HeldSlot>;
  /** Returns a new user id. */
  newUser(): UserId;
  /** Makes two users contacts. */
  createDirect(...userIds: [UserId, UserId]): Promise<ConversationId>;
  leader(): Promise<string | null>;
  /** Reads the history store. */
  storedLastSeen(userId: UserId): Promise<number | undefined>;
}

/** Starts Redis, a history store and a substitute for chat servers for one test file. Call it at the top level of the file. */
export async function newServiceFixture(): Promise<ServiceFixture> {
  const logger = silentLogger();
  const closers: (() => unknown)[] = [];
  afterAll(async () => {
    for (const close of closers) await close();
  });
  const redis = await newRedis();
  const dataDir = await newTemporaryDirectory();
  const store: Store = await openSqliteStore({ dataDir, logger, ...WITHOUT_STORE_DEADLINES });
  closers.unshift(() => store.close());
  const command = withoutCommandDeadline(
    await connectRedis(redis.url, 'command', { logger, connectionName: 'test:command' }),
  );
  const listener = await connectRedis(redis.url, 'no-deadline', { logger, connectionName: 'test:listener' });
  closers.unshift(() => {
    command.disconnect();
    listener.disconnect();
  });

  const notifications: ServiceFixture['notifications'] = [];
  await listener.psubscribe('socket.io#/#*');
  listener.on('pmessageBuffer', (_pattern: Buffer, _channel: Buffer, bytes: Buffer) =>
    notifications.push(...decodePacket(bytes)),
  );

  const leases: SessionLeases = createRedisSessionLeases(command, {
    maxClients: 0,
    sessionTtlMs: TTL_MS,
  });
  const held = new Map<UserId, Parameters<SessionLeases['renew']>[0][number]>();
  const servers: Loop = startLoop('servers', async () => void (await leases.renew([...held.values()])), {
    everyMs: TTL_MS / 10,
    logger,
  });
  closers.unshift(() => servers.stop());
  let services: PresenceService[] = [];
  afterEach(async () => {
    await Promise.all(services.map((service) => service.stop()));
    services = [];
    held.clear();
    await redis.client.flushall();
    notifications.length = 0;
  });

  return {
    redis,
    presence: createRedisPresenceStore(command, {
      readStoredLastSeen: (userIds) => store.lastSeen.findMany(userIds),
    }),
    reporter: new PresenceReporter(command),
    notifications,
    async start(name, settings = {}) {
      const env: NodeJS.ProcessEnv = {
        NODE_NAME: name,
        REDIS_URL: redis.url,
        DATA_DIR: dataDir,
        SESSION_TTL_MS: String(TTL_MS),
        LOG_LEVEL: 'fatal',
      };
      for (const [setting, value] of Object.entries(settings)) env[setting] = String(value);
      const service = await startPresenceService(readConfig(PresenceServiceSettings, env));
      const stop = () => {
        services = services.filter((one) => one !== started);
        return service.stop();
      };
      const started: PresenceService = { ...service, stop };
      services.push(started);
      return started;
    },
    async acquireSlot(userId) {
      const token = newFencingToken();
      const request = { userId, token, node: 'test', authorisedUntilMs: Date.now() + 3_600_000, takeover: true };
      await eventually(() => leases.acquire(request));
      held.set(userId, { userId, token });
      return {
        userId,
        async release() {
          held.delete(userId);
          await leases.release([{ userId, token }]);
        },
        abandon: () => void held.delete(userId),
      };
    },
    newUser: () => `u_${randomUUID()}` as UserId,
    async createDirect(...pair) {
      const id = `c_${randomUUID()}` as ConversationId;
      const [createdBy] = pair;
      await store.conversations.createDirect(
        { id, kind: 'direct', title: undefined, createdBy, createdAtMs: Date.now() },
        pair,
      );
      return id;
    },
    leader: () => redis.client.get('parley:{presence}:leader'),
    storedLastSeen: async (userId) => (await store.lastSeen.findMany([userId]))[0]?.lastSeenAtMs,
  };
}

type EmitterMessage = [
  uid: string,
  packet: { data: [event: string, packet: PresencePacket] },
  options: { rooms: string[] },
];

/** Decodes a message of Socket.IO's Redis emitter. */
function decodePacket(bytes: Buffer): ServiceFixture['notifications'] {
  const [, { data }, { rooms }] = notepack.decode(bytes) as EmitterMessage;
  const [, { changes }] = data;
  return rooms.flatMap((room) => changes.map((change) => ({ room, change })));
}
