import type { MessageRecord } from '@parley/protocol';
import { isSearchable } from '../message-changes.ts';
import type { TracedMessage } from '../message-store.ts';
import { searchTokensOf } from '../search-tokens.ts';
import type { MessageDocument } from './documents.ts';

export const toMessage = ({ _id, search: _search, ...rest }: MessageDocument): TracedMessage => ({ id: _id, ...rest });

// Leaves out undefined fields, and fields that a later release adds to messages.
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
  ...(text !== undefined && isSearchable(message) && { search: { tokens: searchTokensOf(text) } }),
});

function toMediaDocument({ mediaId, contentType, bytes, durationMs }: NonNullable<MessageRecord['media']>) {
  return { mediaId, contentType, bytes, ...(durationMs !== undefined && { durationMs }) };
}
