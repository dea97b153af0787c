import type { Message, MessagesPacket } from '@parley/protocol';

export interface DeliveredMessages {
  readonly conversationId: string;
  readonly messages: readonly Pick<Message, 'id' | 'seq' | 'senderId' | 'clientMessageId' | 'text'>[];
  readonly bytes: number;
}

/** Reads a `messages` packet. */
export function readPacket(packet: MessagesPacket): DeliveredMessages {
  return {
    conversationId: packet.conversationId,
    messages: packet.messages,
    bytes: JSON.stringify(packet).length,
  };
}
