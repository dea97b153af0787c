import { createRedisPresenceStore, PresenceReporter } from '@parley/presence';
import type { ChatServerConfig } from '../config.ts';
import { Conversations } from '../conversations/conversations.ts';
import { History } from '../conversations/history.ts';
import { MarkerSaver } from '../conversations/marker-saver.ts';
import { Membership } from '../conversations/membership.ts';
import { createMembershipEvents } from '../conversations/membership-events.ts';
import { MessageTargets } from '../conversations/message-targets.ts';
import { ReadMarkers } from '../conversations/read-markers.ts';
import { Receipts } from '../conversations/receipts.ts';
import { MessageSender } from '../conversations/send-message.ts';
import { SystemMessages } from '../conversations/system-messages.ts';
import type { SignalBus } from '../delivery/signal-bus.ts';
import { Presence } from '../presence/presence.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';

export type ConversationParts = ReturnType<typeof buildConversations>;

/** Builds what clients can do in conversations, the same for REST and for events, and the presence of their members. */
export function buildConversations(
  base: ChatServerBase,
  config: ChatServerConfig,
  backends: Backends,
  parts: { io: ChatIo; signals: SignalBus },
) {
  const { io, signals } = parts;
  const { name: node, logger, metrics } = base;
  const { command, publisher, store, log } = backends;

  const presenceReporter = new PresenceReporter(command);
  const presence = new Presence({
    store: createRedisPresenceStore(command, { readStoredLastSeen: (userIds) => store.lastSeen.findMany(userIds) }),
    reporter: presenceReporter,
    conversations: store.conversations,
    io,
    logger,
  });
  const membership = new Membership({ conversations: store.conversations, log });
  const sender = new MessageSender({ node, log, membership, metrics, logger });
  const conversations = new Conversations({
    store,
    log,
    membership,
    membershipEvents: createMembershipEvents({ io, publisher, observer: presence }),
    systemMessages: new SystemMessages({ sender, logger }),
  });
  const markerSaver = new MarkerSaver({ store: store.markers, logger });
  const markers = { redis: command, idleMs: config.MARKER_IDLE_MS, store: store.markers, saver: markerSaver };
  return {
    conversations,
    membership,
    sender,
    targets: new MessageTargets({ log, messages: store.messages }),
    history: new History({ log, messages: store.messages, membership }),
    markerSaver,
    readMarkers: new ReadMarkers(markers),
    receipts: new Receipts({ ...markers, membership, signals }),
    presence,
    presenceReporter,
  };
}
