import { createRedisSessionLeases } from '@parley/leases';
import { openStore } from '@parley/message-store';
import { createRedisPresenceStore, subscribeToPresenceReports } from '@parley/presence';
import { createServiceBase, type Logger, type RunningService, startLoop } from '@parley/service-kit';
import type { PresenceServiceConfig } from './config.ts';
import { LastSeenSaver } from './last-seen-saver.ts';
import { MembershipCache } from './membership-cache.ts';
import { PRESENCE_SERVICE_METRICS } from './metrics.ts';
import { PresencePublisher } from './presence-publisher.ts';
import { PresenceRounds } from './presence-rounds.ts';

export interface PresenceService extends RunningService {
  readonly logger: Logger;
  readonly opsPort: number;
}

/**
 * Starts one presence service. One of several leads: it decides who is online, away or offline from the session leases and
 * notifies contacts. All state is in the presence store, so another service continues when the leader dies.
 */
export async function startPresenceService(config: PresenceServiceConfig): Promise<PresenceService> {
  const base = createServiceBase(config, PRESENCE_SERVICE_METRICS);
  const { name, logger, metrics, readiness, connect } = base;
  const [command, publisher, subscriber] = await Promise.all([
    connect('command', 'command'),
    connect('no-deadline', 'publish'),
    connect('no-deadline', 'subscribe'),
  ]);
  const store = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger });
  base.requireRedis(command, subscriber);
  readiness.require('store', () => store.ping());

  const memberships = new MembershipCache(store.conversations);
  const presence = createRedisPresenceStore(command, {
    readStoredLastSeen: (userIds) => store.lastSeen.findMany(userIds),
  });
  const rounds = new PresenceRounds({
    name,
    graceMs: config.PRESENCE_GRACE_MS,
    store: presence,
    lastSeen: new LastSeenSaver({ store: store.lastSeen, presence, idleMs: config.MARKER_IDLE_MS }),
    leases: createRedisSessionLeases(command, { maxClients: 0, sessionTtlMs: config.SESSION_TTL_MS }),
    memberships,
    publisher: new PresencePublisher(publisher, metrics),
    metrics,
    logger,
  });
  await subscribeToPresenceReports(subscriber, (reports) => rounds.receive(reports));
  subscriber.on('ready', () => memberships.clear());
  command.on('ready', () => rounds.reconnected());
  const loop = startLoop('rounds', (signal) => rounds.next(signal), {
    everyMs: 0,
    logger,
    onError: () => metrics.chat_background_errors_total.inc({ loop: 'rounds' }),
  });

  const opsServer = await base.startOpsServer();

  return {
    logger,
    opsPort: opsServer.port,
    async stop() {
      readiness.drain();
      await loop.stop();
      await rounds.stop().catch((error: unknown) => logger.debug({ err: error }, 'the leadership was not released'));
      await Promise.all([opsServer.close(), store.close()]);
      for (const redis of [command, publisher, subscriber]) redis.disconnect();
    },
  };
}
