import { hash } from 'node:crypto';
import type { MessageRecord } from '@parley/protocol';
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

/**
 * Returns whether a draft is the message that the store has. The store removes the content of a deleted message, and a placeholder
 * takes the seq of a message that could not be stored: then the draft is given the benefit of the doubt, because a retry is more
 * likely than another message under the same id.
 */
export function isSameMessage(draft: MessageDraft, stored: MessageRecord): boolean {
  const isPlaceholder = stored.kind === 'system' && stored.clientMessageId !== `system-${stored.id}`;
  if (isPlaceholder) return draft.kind !== 'system';
  if (draft.kind !== stored.kind || draft.replyTo !== stored.replyTo) return false;
  const hasNoContent = stored.text === undefined && stored.media === undefined;
  const isRemoved = hasNoContent && stored.kind !== 'delete' && stored.kind !== 'reaction';
  return isRemoved || contentDigest(draft) === contentDigest(stored);
}
