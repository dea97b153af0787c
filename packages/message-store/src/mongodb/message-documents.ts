import type { MessageRecord } from '@parley/protocol';
import { isFindable } from '../message-changes.ts';
import type { TracedMessage } from '../message-store.ts';
import { searchTokensOf } from '../search-tokens.ts';
import type { MessageDocument } from './documents.ts';

export const toMessage = ({ _id, search: _search, ...rest }: MessageDocument): TracedMessage => ({ id: _id, ...rest });

// Fields that are undefined are left out, and so is whatever a later release adds.
export const toDocument = ({ id, text, media, replyTo, trace, ...message }: TracedMessage): MessageDocument => ({
  _id: id,
  conversationId: message.conversationId,
  seq: message.seq,
  senderId: message.senderId,
  clientMessageId: message.clientMessageId,
  kind: message.kind,
  ...(text !== undefined && { text }),
  ...(media !== undefined && { media: toMediaDocument(media) }),
  ...(replyTo !== undefined && { replyTo }),
  createdAtMs: message.createdAtMs,
  ...(trace !== undefined && { trace }),
  ...(text !== undefined && isFindable(message) && { search: { tokens: searchTokensOf(text) } }),
});

function toMediaDocument({ mediaId, contentType, bytes, durationMs }: NonNullable<MessageRecord['media']>) {
  return { mediaId, contentType, bytes, ...(durationMs !== undefined && { durationMs }) };
}
