import { createServer, type Server as HttpServer } from 'node:http';
import { closeServer, createServiceBase, type Logger, listen, portOf, type RunningService } from '@parley/service-kit';
import type { Express } from 'express';
import { AccessTokens } from './accounts/access-tokens.ts';
import { createChatIo } from './admission/chat-io.ts';
import { ConnectionGate } from './admission/connection-gate.ts';
import { drain } from './admission/drain.ts';
import { ClientAddresses } from './client-address.ts';
import type { ChatServerConfig } from './config.ts';
import { disconnectSlowConsumers } from './delivery/slow-consumers.ts';
import { createClientLimits } from './limits/client-limits.ts';
import { createPacers } from './limits/pacers.ts';
import { CHAT_SERVER_METRICS } from './metrics.ts';
import { startBackgroundLoops } from './start/background-loops.ts';
import { buildRest } from './start/build-rest.ts';
import { connectBackends } from './start/connect-backends.ts';
import { serveSockets } from './start/serve-sockets.ts';
import { startConversations } from './start/start-conversations.ts';
import { startDelivery } from './start/start-delivery.ts';
import { startIsolation } from './start/start-isolation.ts';
import { startSessions } from './start/start-sessions.ts';

export interface ChatServer extends RunningService {
  readonly logger: Logger;
  readonly port: number;
  readonly opsPort: number;
}

/**
 * Starts a chat server: REST and Socket.IO on one port, health and metrics on another. It appends messages to the log; the message
 * workers publish and save them. Resolves when the server accepts connections.
 */
export async function startChatServer(config: ChatServerConfig): Promise<ChatServer> {
  const base = createServiceBase(config, CHAT_SERVER_METRICS);
  const { name: node, logger, metrics, readiness } = base;
  const httpServer = createServer();

  const backends = await connectBackends(base, config);
  const { publisher, subscriber, store } = backends;
  const io = createChatIo(httpServer, { node, allowedOrigins: config.ALLOWED_ORIGINS, publisher, subscriber });
  const addresses = new ClientAddresses(config.TRUSTED_PROXIES);
  const pacers = createPacers(metrics, backends.hostCpu);
  const gate = new ConnectionGate(io, {
    addresses,
    pacer: pacers.handshakes,
    allowedOrigins: config.ALLOWED_ORIGINS,
    maxPending: config.MAX_PENDING_CONNECTIONS,
    metrics,
  });
  const delivery = await startDelivery(base, backends, io);
  const sessions = await startSessions(base, backends, config, delivery.deliveries);
  const { registry } = sessions;
  const isolation = startIsolation(base, config, { httpServer, io, backends, sessions });

  const tokens = new AccessTokens({ secret: config.JWT_SECRET, ttlMs: config.ACCESS_TOKEN_TTL_MS });
  const limits = createClientLimits(config, backends.limitCounts, metrics);
  const chat = await startConversations(base, config, backends, { io, delivery, limits });
  serveSockets(base, io, {
    ...{ backends, delivery, sessions, chat, tokens, limits },
    eventPacer: pacers.events,
    gate,
  });
  const restParts = { backends, rpc: sessions.rpc, isolation, chat, tokens, addresses, limits, pacers };
  serveRest(httpServer, buildRest(base, config, restParts));
  const loops = startBackgroundLoops({
    ...backends,
    ...delivery,
    ...sessions,
    isolation,
    roomAudit: chat.roomAudit,
    disconnectSlowConsumers: () => disconnectSlowConsumers(io, ({ data }) => registry.end(data.session, 'slow')),
    gate,
    markerSaver: chat.markerSaver,
    guestTtlMs: config.GUEST_TTL_MS,
    metrics,
    logger,
  });

  const opsServer = await base.startOpsServer();
  await listen(httpServer, config.HTTP_PORT, config.BIND_ADDRESS);

  return {
    logger,
    port: portOf(httpServer),
    opsPort: opsServer.port,
    async stop() {
      readiness.drain();
      isolation.stop();
      // Accepts no new connections, so nginx sends them to other servers. Existing connections stay open.
      httpServer.close();
      await drain([...io.of('/').sockets.values()], ({ data }) => registry.end(data.session, 'shutdown'));
      chat.rooms.close();
      await Promise.all([loops.stop(), registry.close()]);
      await delivery.fanOut.close();
      delivery.signals.close();
      await io.close();
      chat.presenceReporter.close();
      await chat.markerSaver
        .save()
        .catch((error: unknown) => logger.warn({ err: error }, 'the last read markers were not saved'));
      await Promise.all([closeServer(httpServer), opsServer.close(), store.close()]);
      for (const redis of [backends.command, publisher, subscriber, backends.limitCounts]) redis.disconnect();
    },
  };
}

/** Passes requests to the REST API, except those that Engine.IO answers itself. */
function serveRest(httpServer: HttpServer, rest: Express): void {
  httpServer.on('request', (request, response) => {
    // The port is closed: makes the load balancer open its next connection to another server.
    if (!httpServer.listening) response.shouldKeepAlive = false;
    if (!request.url?.startsWith('/socket.io/')) rest(request, response);
  });
}
