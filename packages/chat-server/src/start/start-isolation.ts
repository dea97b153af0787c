import type { Server as HttpServer } from 'node:http';
import { listen, portOf } from '@parley/service-kit';
import { drain } from '../admission/drain.ts';
import { Isolation } from '../admission/isolation.ts';
import { refuseHandshakes } from '../admission/refuse-handshakes.ts';
import type { ChatServerConfig } from '../config.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';
import type { SessionParts } from './start-sessions.ts';

/** Makes the server step aside while it alone cannot use Redis. */
export function startIsolation(
  base: ChatServerBase,
  config: ChatServerConfig,
  parts: { httpServer: HttpServer; io: ChatIo; backends: Backends; sessions: SessionParts },
): Isolation {
  const { metrics, logger, readiness } = base;
  const { httpServer, io, backends, sessions } = parts;
  const { command, subscriber } = backends;
  let port = config.HTTP_PORT;
  const isolation = new Isolation({
    connections: [command, subscriber],
    health: sessions.health,
    clusterUrl: config.CLUSTER_URL,
    port: {
      close() {
        if (!httpServer.listening) return;
        port = portOf(httpServer);
        httpServer.close();
      },
      async open() {
        if (!httpServer.listening && !readiness.draining) await listen(httpServer, port, config.BIND_ADDRESS);
      },
    },
    handOver: (isIsolated) =>
      drain([...io.of('/').sockets.values()], ({ data }) => {
        if (isIsolated()) sessions.registry.end(data.session, 'isolated');
      }),
    metrics,
    logger,
  });
  refuseHandshakes(io, isolation);
  // Not the check of the connections alone, which takes seconds while Redis is frozen.
  readiness.require('redis', async () => {
    if (!isolation.canServe) throw new Error('Redis is unavailable');
    await command.ping();
  });
  return isolation;
}
