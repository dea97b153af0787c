import type { MessagesPacket } from '@parley/protocol';
import type { DeliveryMemory } from '../conversations/delivery-memory.ts';
import type { ChatIo } from './socket-types.ts';

interface EncodingAdapter {
  readonly rooms: ReadonlyMap<string, ReadonlySet<string>>;
  /** Called by every adapter once for each packet, before it is written to the sessions of its room. */
  _encode(packet: { data?: unknown }, options: object): unknown;
}

/** Has the adapter note which messages it hands to this server's sessions: one look at each packet, none at a session. */
export function noteDeliveries(io: ChatIo, deliveries: DeliveryMemory): void {
  const adapter = io.of('/').adapter as unknown as EncodingAdapter;
  const encode = adapter._encode;
  adapter._encode = (packet, options) => {
    const [event, payload] = Array.isArray(packet.data) ? packet.data : [];
    if (event === 'messages') {
      const messages = payload as MessagesPacket;
      deliveries.note(messages, adapter.rooms.get(messages.conversationId)?.size ?? 0);
    }
    return encode.call(adapter, packet, options);
  };
}
