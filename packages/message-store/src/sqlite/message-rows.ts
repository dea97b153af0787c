import type { AcceptedMessage, MessageId } from '@parley/protocol';

export interface MessageRow
  extends Pick<AcceptedMessage, 'id' | 'conversationId' | 'seq' | 'senderId' | 'clientMessageId' | 'kind'> {
  text: string | null;
  media: string | null;
  replyTo: MessageId | null;
  createdAtMs: number;
}

export const MESSAGE_COLUMNS =
  'conversationId, seq, id, senderId, clientMessageId, kind, text, media, replyTo, createdAtMs';

export function toMessage({ text, media, replyTo, ...row }: MessageRow): AcceptedMessage {
  return {
    ...row,
    ...(text !== null && { text }),
    ...(media !== null && { media: JSON.parse(media) as NonNullable<AcceptedMessage['media']> }),
    ...(replyTo !== null && { replyTo }),
  };
}
