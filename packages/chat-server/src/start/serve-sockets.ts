import { ConcurrencyLimiter } from '@parley/service-kit';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { Admission } from '../admission/admission.ts';
import type { ConnectionGate } from '../admission/connection-gate.ts';
import { handleConnections } from '../admission/handshake.ts';
import { attachHandlers, type EventHandlers } from '../events/dispatcher.ts';
import { messageEvents } from '../events/message-events.ts';
import { sessionEvents } from '../events/session-events.ts';
import { signalEvents } from '../events/signal-events.ts';
import type { ClientLimits } from '../limits/client-limits.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';
import type { ConversationParts } from './start-conversations.ts';
import type { DeliveryParts } from './start-delivery.ts';
import type { SessionParts } from './start-sessions.ts';

/**
 * How many admissions and `session:hello` requests run at the same time. When ten thousand clients connect together, the others
 * wait instead of all competing in Redis and the store, and an admitted client gets its reply before it gives up.
 */
const MAX_CONCURRENT_ADMISSIONS = 64;

/** Admits connections and handles the events of their clients. */
export function serveSockets(
  base: ChatServerBase,
  io: ChatIo,
  parts: {
    backends: Backends;
    delivery: DeliveryParts;
    sessions: SessionParts;
    chat: ConversationParts;
    tokens: AccessTokens;
    limits: ClientLimits;
    eventPacer: Pacer;
    gate: ConnectionGate;
  },
): void {
  const { name: node, logger, metrics, readiness } = base;
  const { backends, delivery, sessions, chat, tokens, limits, eventPacer, gate } = parts;
  const { registry } = sessions;
  const { rooms, presence } = chat;
  const admissionLimiter = new ConcurrencyLimiter(MAX_CONCURRENT_ADMISSIONS);
  const eventParts = { ...backends, ...delivery, ...chat, node, admissionLimiter };
  const handlers: EventHandlers = {
    ...sessionEvents(eventParts),
    ...messageEvents(eventParts),
    ...signalEvents(eventParts),
  };
  handleConnections(io, {
    admission: new Admission({ tokens, registry, readiness, metrics }),
    gate,
    registry,
    hooks: {
      joinRooms: ({ userId }) => rooms.joinAll(userId),
      opened(socket, session) {
        attachHandlers(socket, handlers, { registry, limit: limits.events, pacer: eventPacer, logger });
        presence.opened(socket, session);
      },
      ended: (session) => presence.ended(session),
    },
    limitHandshake: (address) => limits.handshakes.count(address),
    admissionLimiter,
    metrics,
    logger,
  });
}
