import { createServer } from 'node:http';
import { subscribeToFanOut } from '@parley/fan-out';
import { createRedisSessionLeases } from '@parley/leases';
import { createRedisMessageLog } from '@parley/message-log';
import { openStore } from '@parley/message-store';
import { createRedisPresenceStore, PresenceReporter } from '@parley/presence';
import {
  ConcurrencyLimiter,
  closeServer,
  createServiceBase,
  type Logger,
  listen,
  portOf,
  type RunningService,
} from '@parley/service-kit';
import { AccessTokens } from './accounts/access-tokens.ts';
import { Accounts } from './accounts/accounts.ts';
import { SignInLimits } from './accounts/sign-in-limits.ts';
import { Admission } from './admission/admission.ts';
import { drain } from './admission/drain.ts';
import { createChatIo, serveSockets } from './admission/serve-sockets.ts';
import { NodeBus } from './admission/server-rpc.ts';
import { SessionRegistry } from './admission/session-registry.ts';
import type { ChatServerConfig } from './config.ts';
import { Conversations } from './conversations/conversations.ts';
import { History } from './conversations/history.ts';
import { Membership } from './conversations/membership.ts';
import { createMembershipEvents } from './conversations/membership-events.ts';
import { MessageTargets } from './conversations/message-targets.ts';
import { MessageTraces } from './conversations/message-traces.ts';
import { ReadMarkers } from './conversations/read-markers.ts';
import { Receipts } from './conversations/receipts.ts';
import { Search } from './conversations/search.ts';
import { MessageSender } from './conversations/send-message.ts';
import { SystemMessages } from './conversations/system-messages.ts';
import { DeliveryMemory } from './delivery/delivery-memory.ts';
import { EventLoopUtilisation, linearRamp } from './delivery/event-loop-utilisation.ts';
import { FanOutDelivery } from './delivery/fan-out-delivery.ts';
import { HeadAnnouncer } from './delivery/head-announcer.ts';
import { SignalBus } from './delivery/signal-bus.ts';
import { SignalDelivery } from './delivery/signal-delivery.ts';
import { cutSlowConsumers } from './delivery/slow-consumers.ts';
import { createEventHandlers } from './events/event-handlers.ts';
import { CHAT_SERVER_METRICS } from './metrics.ts';
import { announceMembers } from './presence/announce-members.ts';
import { Presence } from './presence/presence.ts';
import { accountRoutes } from './rest/account-routes.ts';
import { conversationRoutes } from './rest/conversation-routes.ts';
import { messageRoutes, searchRoutes } from './rest/message-routes.ts';
import { createRestApp } from './rest/rest-app.ts';
import { userRoutes } from './rest/user-routes.ts';
import { startBackgroundLoops } from './start/background-loops.ts';

/** How long messages wait for others to be accepted with: from the first share of its time on that the server is busy, in full from the second. */
const MAX_ACCEPT_GATHER_MS = 15;
const ACCEPT_LOOP_BUSY = [0.15, 0.35] as const;

/**
 * Clients that are let in or greeted at once. When ten thousand come together the others wait, instead of all of them for each other
 * in Redis and the store; and whoever is let in is soon greeted, instead of giving up halfway.
 */
const MAX_ARRIVALS = 64;

export interface ChatServer extends RunningService {
  readonly logger: Logger;
  readonly port: number;
  readonly opsPort: number;
}

/**
 * Starts one chat server: REST and Socket.IO on one port, health and metrics on another. It only accepts messages; the
 * workers carry on. Resolves when it takes traffic.
 */
export async function startChatServer(config: ChatServerConfig): Promise<ChatServer> {
  const base = createServiceBase(config, CHAT_SERVER_METRICS);
  const { name: node, logger, metrics, readiness, connect } = base;
  const [command, publisher, subscriber] = await Promise.all([
    connect('command', 'command'),
    connect('no-deadline', 'publish'),
    connect('no-deadline', 'subscribe'),
  ]);
  const store = await openStore({ mongodbUrl: config.MONGODB_URL, dataDir: config.DATA_DIR, logger });
  const load = new EventLoopUtilisation();
  const log = createRedisMessageLog(command, {
    gatherMs: () => MAX_ACCEPT_GATHER_MS * linearRamp(load.busy, ACCEPT_LOOP_BUSY),
    maxInProcess: config.MAX_IN_PROCESS,
    readStoredHead: (conversationId) => store.messages.headSeq(conversationId),
    partitions: config.LOG_PARTITIONS,
  });
  const leases = createRedisSessionLeases(command, {
    maxClients: config.MAX_CLIENTS,
    sessionTtlMs: config.SESSION_TTL_MS,
  });
  base.requireRedis(command, subscriber);
  readiness.require('store', () => store.ping());

  const httpServer = createServer();
  const { ALLOWED_ORIGINS: allowedOrigins } = config;
  const deliveries = new DeliveryMemory();
  const io = createChatIo(httpServer, { node, allowedOrigins, publisher, subscriber });
  const delivery = new FanOutDelivery({ io, deliveries, load, metrics, logger });
  await subscribeToFanOut(subscriber, (items) => delivery.receive(items));

  const signals = new SignalBus({ command, logger });
  const signalDelivery = new SignalDelivery(io, load);
  await signals.listen(subscriber, (some) => signalDelivery.receive(some));

  const bus = new NodeBus({ node, command, logger });
  const registry = new SessionRegistry({
    node,
    leases,
    bus,
    logger,
    metrics,
    sessionTtlMs: config.SESSION_TTL_MS,
    firstMessageDeadlineMs: config.FIRST_MESSAGE_DEADLINE_MS,
  });
  await bus.listen(subscriber, {
    endSession: (token) => registry.endReplaced(token),
    confirmSessions: () => registry.confirm(),
    findDelivery: (conversationId, seq) => deliveries.find(conversationId, seq),
  });
  await registry.start();

  const tokens = new AccessTokens({ secret: config.JWT_SECRET, ttlMs: config.ACCESS_TOKEN_TTL_MS });
  const accounts = new Accounts({ users: store.users, refreshTokens: store.refreshTokens, accessTokens: tokens });
  const membership = new Membership({ conversations: store.conversations, log });
  const reporter = new PresenceReporter(command);
  const presence = new Presence({
    board: createRedisPresenceStore(command),
    reporter,
    conversations: store.conversations,
    io,
    logger,
  });
  const membershipEvents = announceMembers(createMembershipEvents(io, publisher), presence);
  const sender = new MessageSender({ node, log, membership, metrics, logger });
  const systemMessages = new SystemMessages({ sender, logger });
  const conversations = new Conversations({ store, log, membership, membershipEvents, systemMessages });
  const history = new History({ log, messages: store.messages, membership });
  const readMarkers = new ReadMarkers(command);
  const receipts = new Receipts({ redis: command, membership, signals });

  const arrivals = new ConcurrencyLimiter(MAX_ARRIVALS);
  serveSockets(io, {
    admission: new Admission({ tokens, registry, readiness }),
    registry,
    conversations,
    handlers: createEventHandlers({
      node,
      log,
      membership,
      conversations,
      history,
      readMarkers,
      receipts,
      sender,
      targets: new MessageTargets({ log, messages: store.messages }),
      signals,
      delivery: signalDelivery,
      presence,
      arrivals,
    }),
    presence,
    arrivals,
    metrics,
    logger,
  });
  const app = createRestApp({
    accountRoutes: accountRoutes({
      accounts,
      limits: new SignInLimits(command, config.SIGNUPS_PER_MINUTE),
      allowGuests: config.ALLOW_GUESTS,
      onRefreshed: async ({ signedIn }) => {
        try {
          await leases.extendAuthorisation(signedIn.user.id, Date.parse(signedIn.expiresAt));
        } catch (error) {
          // The old cookie is spent: without this answer the login would be lost. At worst a live session ends, and comes back.
          logger.warn({ err: error }, 'a session was not told that its user has a new token');
        }
      },
    }),
    userRoutes: userRoutes(store.users),
    messageRoutes: messageRoutes(
      new MessageTraces({
        log,
        maxInProcess: config.MAX_IN_PROCESS,
        messages: store.messages,
        conversations: store.conversations,
        membership,
        readMarkers,
        bus,
      }),
    ),
    conversationRoutes: conversationRoutes({ conversations, history, receipts, metrics }),
    searchRoutes: searchRoutes(new Search({ messages: store.messages, conversations, membership })),
    tokens,
    allowedOrigins,
    readiness,
    metrics,
    logger,
  });
  httpServer.on('request', (request, response) => {
    // Leads the balancer's kept connections elsewhere.
    if (readiness.draining) response.shouldKeepAlive = false;
    // Engine.IO answers its own path; express has everything else.
    if (!request.url?.startsWith('/socket.io/')) app(request, response);
  });

  const heads = new HeadAnnouncer({ io, log, delivery });
  subscriber.on('ready', () => heads.forget());
  const loops = startBackgroundLoops({
    leases,
    log,
    heads,
    bus,
    signals: signalDelivery,
    slowConsumers: () => cutSlowConsumers(io, ({ data }) => registry.end(data.session, 'slow')),
    refreshTokens: store.refreshTokens,
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
      // New connections are refused from here on, so that nginx gives them to other servers; those that are open stay.
      httpServer.close();
      await drain([...io.of('/').sockets.values()], ({ data }) => registry.end(data.session, 'shutdown'));
      await Promise.all([loops.stop(), registry.close()]);
      await delivery.close();
      signals.close();
      await io.close();
      reporter.close();
      await Promise.all([closeServer(httpServer), opsServer.close(), store.close()]);
      for (const redis of [command, publisher, subscriber]) redis.disconnect();
    },
  };
}
