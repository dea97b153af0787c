import { createRedisPresenceStore, PresenceReporter } from '@parley/presence';
import type { ChatServerConfig } from '../config.ts';
import { ConversationQuotas } from '../conversations/conversation-quotas.ts';
import { ConversationRooms } from '../conversations/conversation-rooms.ts';
import { Conversations } from '../conversations/conversations.ts';
import { History } from '../conversations/history.ts';
import { MarkerSaver } from '../conversations/marker-saver.ts';
import { Membership } from '../conversations/membership.ts';
import { createMembershipEvents, subscribeToMembershipNotices } from '../conversations/membership-events.ts';
import { MessageTargets } from '../conversations/message-targets.ts';
import { ReadMarkers } from '../conversations/read-markers.ts';
import { ReadingBudget } from '../conversations/reading-budget.ts';
import { Receipts } from '../conversations/receipts.ts';
import { RoomAudit } from '../conversations/room-audit.ts';
import { MessageSender } from '../conversations/send-message.ts';
import { SystemMessages } from '../conversations/system-messages.ts';
import type { ClientLimits } from '../limits/client-limits.ts';
import { countRefused } from '../metrics.ts';
import { Presence } from '../presence/presence.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';
import type { DeliveryParts } from './start-delivery.ts';

export type ConversationParts = Awaited<ReturnType<typeof startConversations>>;

/**
 * Builds what clients can do in conversations, the same for REST and for events, and the presence of their members. Subscribes to
 * changes of memberships on other servers.
 */
export async function startConversations(
  base: ChatServerBase,
  config: ChatServerConfig,
  backends: Backends,
  parts: { io: ChatIo; delivery: DeliveryParts; limits: ClientLimits },
) {
  const { io, limits } = parts;
  const { fanOut, heads, signals } = parts.delivery;
  const { name: node, logger, metrics } = base;
  const { command, publisher, subscriber, store, log } = backends;

  const presenceReporter = new PresenceReporter(command);
  const presence = new Presence({
    store: createRedisPresenceStore(command, { readStoredLastSeen: (userIds) => store.lastSeen.findMany(userIds) }),
    reporter: presenceReporter,
    conversations: store.conversations,
    io,
    logger,
  });
  const rooms = new ConversationRooms({
    io,
    conversations: store.conversations,
    delivery: fanOut,
    logger,
    onLateJoin: (conversationId) => heads.forget(conversationId),
    onMissedInvitation: (userId, ids) => conversations.announce(userId, ids),
  });
  await subscribeToMembershipNotices(subscriber, (notice) => rooms.receive(notice));
  subscriber.on('ready', () => void rooms.rejoinAll());
  const membership = new Membership({ conversations: store.conversations, log });
  const sender = new MessageSender({ node, log, membership, metrics, logger });
  const conversations = new Conversations({
    store,
    log,
    membership,
    quotas: new ConversationQuotas({
      conversations: store.conversations,
      creations: limits.conversations,
      maxMemberships: config.MAX_MEMBERSHIPS,
    }),
    membershipEvents: createMembershipEvents({ io, publisher, observer: presence }),
    systemMessages: new SystemMessages({ sender, logger }),
  });
  const markerSaver = new MarkerSaver({ store: store.markers, logger });
  const markers = { redis: command, idleMs: config.MARKER_IDLE_MS, store: store.markers, saver: markerSaver };
  return {
    conversations,
    rooms,
    roomAudit: new RoomAudit({ io, rooms, log, metrics }),
    membership,
    sender,
    targets: new MessageTargets({ log, messages: store.messages }),
    history: new History({
      log,
      messages: store.messages,
      membership,
      budget: new ReadingBudget({ onRefused: countRefused(metrics, 'history') }),
    }),
    markerSaver,
    readMarkers: new ReadMarkers(markers),
    receipts: new Receipts({ ...markers, membership, signals }),
    presence,
    presenceReporter,
  };
}
