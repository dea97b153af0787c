import type { MessagesPacket } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { DeliveryMemory } from '../conversations/delivery-memory.ts';
import type { ChatIo } from './socket-types.ts';

interface EncodingAdapter {
  readonly rooms: ReadonlyMap<string, ReadonlySet<string>>;
  /** Called by every adapter once for each packet, before it is written to the sessions of its room. */
  _encode(packet: { data?: unknown }, options: object): unknown;
}

/** Has the adapter note which messages it hands to this server's sessions: one look at each packet, none at a session. */
export function noteDeliveries(io: ChatIo, deliveries: DeliveryMemory, logger: Logger): void {
  const adapter = io.of('/').adapter as unknown as EncodingAdapter;
  const encode = adapter._encode;
  adapter._encode = (packet, options) => {
    const [event, payload] = Array.isArray(packet.data) ? packet.data : [];
    if (event === 'messages') {
      const messages = payload as MessagesPacket;
      const sessions = adapter.rooms.get(messages.conversationId)?.size ?? 0;
      deliveries.note(messages, sessions);
      if (sessions > 0 && logger.isLevelEnabled('debug')) {
        logger.debug({ messageIds: messages.messages.map(({ id }) => id), sessions }, 'delivered');
      }
    }
    return encode.call(adapter, packet, options);
  };
}
