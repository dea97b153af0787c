import type { MessageId, MessageRecord } from '@parley/protocol';

export interface MessageRow
  extends Pick<MessageRecord, 'id' | 'conversationId' | 'seq' | 'senderId' | 'clientMessageId' | 'kind'> {
  text: string | null;
  media: string | null;
  replyTo: MessageId | null;
  createdAtMs: number;
}

export const MESSAGE_COLUMNS =
  'conversationId, seq, id, senderId, clientMessageId, kind, text, media, replyTo, createdAtMs';

export function toMessage({ text, media, replyTo, ...row }: MessageRow): MessageRecord {
  return {
    ...row,
    ...(text !== null && { text }),
    ...(media !== null && { media: JSON.parse(media) as NonNullable<MessageRecord['media']> }),
    ...(replyTo !== null && { replyTo }),
  };
}
