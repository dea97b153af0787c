import { hash } from 'node:crypto';
import type { MessageDraft } from './message-log.ts';

/** The event and content of a message, without its ids and times. */
export type MessageContent = Pick<MessageDraft, 'kind' | 'text' | 'media' | 'replyTo'>;

/**
 * Returns a digest of a message's content: two events of a sender are the same message only if their digests are equal.
 *
 * An absent field adds nothing to it, so a later release can add fields and still recognise the messages of this one. Of an
 * attachment only the id counts, because the cluster may learn the rest later.
 */
export function contentDigest({ kind, text, media, replyTo }: MessageContent): string {
  return hash('sha256', JSON.stringify({ kind, text, mediaId: media?.mediaId, replyTo }), 'base64url').slice(0, 16);
}
