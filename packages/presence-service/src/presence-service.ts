import { createRedisSessionLeases } from '@parley/leases';
import { openStore } from '@parley/message-store';
import { createRedisPresenceBoard, listenToPresenceReports } from '@parley/presence';
import { createServiceBase, type Logger, type RunningService, startLoop } from '@parley/service-kit';
import type { PresenceServiceConfig } from './config.ts';
import { PRESENCE_SERVICE_METRICS } from './metrics.ts';
import { PresencePackets } from './packets.ts';
import { PresenceRounds } from './presence-rounds.ts';
import { SharedConversations } from './shared-conversations.ts';

export interface PresenceService extends RunningService {
  readonly logger: Logger;
  readonly opsPort: number;
}

/**
 * Starts one presence service. Of several one leads: it says who is shown as online, away or offline, by who holds a place.
 * A service that dies leaves everything on the board, where the next one finds it.
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

  const shared = new SharedConversations(store.conversations);
  const rounds = new PresenceRounds({
    name,
    graceMs: config.PRESENCE_GRACE_MS,
    board: createRedisPresenceBoard(command),
    leases: createRedisSessionLeases(command, { maxClients: 0, sessionTtlMs: config.SESSION_TTL_MS }),
    shared,
    packets: new PresencePackets(publisher, metrics),
    metrics,
    logger,
  });
  await listenToPresenceReports(subscriber, (reports) => rounds.receive(reports));
  subscriber.on('ready', () => shared.forget());
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
      await rounds.stop().catch((error: unknown) => logger.debug({ err: error }, 'did not step down'));
      await Promise.all([opsServer.close(), store.close()]);
      for (const redis of [command, publisher, subscriber]) redis.disconnect();
    },
  };
}
