import { randomUUID } from 'node:crypto';
import { docsRouter } from '@parley/api-docs';
import { ChatError } from '@parley/protocol';
import { healthzHandler, type Logger, type Readiness, readyzHandler } from '@parley/service-kit';
import cors from 'cors';
import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import type { Isolation } from '../admission/isolation.ts';
import { ISOLATED_RETRY_MS } from '../admission/refuse-handshakes.ts';
import type { ClientAddresses } from '../client-address.ts';
import type { ClientLimits } from '../limits/client-limits.ts';
import type { Pacers } from '../limits/pacers.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { authenticate } from './authenticate.ts';
import { limitByAddress, limitByCaller, paceByAddress, paceByCaller } from './limit-requests.ts';
import { notFound, problemHandler } from './problem.ts';

const MAX_BODY = '64kb';

/** The logged fields of a request. Headers are left out because they carry tokens and cookies. */
const LOGGED_FIELDS = {
  req: ({ id, method, url }: { id: unknown; method: string; url: string }) => ({ id, method, url }),
  res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
};

/** Creates the HTTP application of a chat server: REST, health and the API reference. */
export function createRestApp(parts: {
  accountRoutes: Router;
  userRoutes: Router;
  conversationRoutes: Router;
  messageRoutes: Router;
  searchRoutes: Router;
  tokens: AccessTokens;
  addresses: ClientAddresses;
  limits: Pick<ClientLimits, 'requests' | 'requestsOfAddress'>;
  pacers: Pacers;
  allowedOrigins: readonly string[];
  isolation: Pick<Isolation, 'refuses'>;
  readiness: Readiness;
  metrics: ChatServerMetrics;
  logger: Logger;
}): Express {
  const { tokens, addresses, limits, pacers, allowedOrigins, isolation, readiness, metrics, logger } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', addresses.trusts);
  app.set('query parser', 'simple');
  app.get('/healthz', healthzHandler);
  // The status only: the reasons name internals, so they stay on the operations port.
  app.get(
    '/readyz',
    readyzHandler(readiness, ({ status }) => ({ status })),
  );
  app.use(pinoHttp({ logger, genReqId: requestIdOf, useLevel: 'debug', serializers: LOGGED_FIELDS }));
  app.use((request, response, next) => {
    response.set('X-Request-Id', String(request.id));
    next();
  });
  app.use('/docs', docsRouter());

  const api = express.Router();
  api.use(helmet());
  api.use(observe(metrics));
  api.use(refuseForeignOrigins(allowedOrigins));
  api.use(cors({ origin: [...allowedOrigins], credentials: true }));
  api.use(refuseWhileIsolated(isolation));
  api.use(limitByAddress(addresses, limits.requestsOfAddress));
  api.use(express.json({ limit: MAX_BODY }));
  api.use('/auth', paceByAddress(addresses, pacers.strangers), parts.accountRoutes);
  api.use(authenticate(tokens, { addresses, pacer: pacers.strangers }));
  api.use(limitByCaller(limits.requests));
  api.use(paceByCaller(pacers.requests));
  api.use('/conversations', parts.conversationRoutes);
  api.use('/messages', parts.messageRoutes);
  api.use('/search', parts.searchRoutes);
  api.use(parts.userRoutes);
  app.use('/api', api);

  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

/** Returns the request id of nginx or the caller if it is valid, otherwise a new one. */
function requestIdOf(request: { headers: NodeJS.Dict<string | string[]> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Refuses requests from pages of other sites, including those that browsers send without a preflight. */
const refuseForeignOrigins =
  (allowedOrigins: readonly string[]): RequestHandler =>
  (request, _response, next) => {
    const { origin } = request.headers;
    if (origin !== undefined && !allowedOrigins.includes(origin)) {
      throw new ChatError('FORBIDDEN', {
        message: 'Requests from this origin are not allowed. Add it to ALLOWED_ORIGINS.',
      });
    }
    next();
  };

/** Refuses requests before any work while this server alone cannot use Redis. Repeating one elsewhere is safe. */
const refuseWhileIsolated =
  (isolation: Pick<Isolation, 'refuses'>): RequestHandler =>
  async (_request, response, next) => {
    if (await isolation.refuses()) {
      response.shouldKeepAlive = false;
      // nginx sends the request to another server, whatever its method. Another load balancer passes the error on.
      response.set('X-Accel-Redirect', '@another_server');
      throw new ChatError('UNAVAILABLE', { retryAfterMs: ISOLATED_RETRY_MS });
    }
    next();
  };

const observe =
  (metrics: ChatServerMetrics): RequestHandler =>
  (request, response, next) => {
    const endTimer = metrics.chat_http_request_seconds.startTimer({ method: request.method });
    response.on('finish', () => {
      const route = request.route ? `${request.baseUrl}${request.route.path}` : 'unknown';
      endTimer({ route, status: response.statusCode });
    });
    next();
  };
