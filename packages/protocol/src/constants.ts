// Importable alone as `@parley/protocol/constants`: browsers and the store's threads do not need the validator behind the schemas.
import type { ConversationId, UserId } from './ids.ts';

/** The channel that every user is a member of. */
export const LOBBY_ID = 'lobby' as ConversationId;

/** The user who replies in assistant conversations. */
export const ASSISTANT_ID = 'assistant' as UserId;

/** The sender of placeholders. It is no user. */
export const SYSTEM_ID = 'system' as UserId;

/** The longest message text, in Unicode code points. */
export const MAX_TEXT_CHARACTERS = 4_000;

/** The longest name of a user or conversation, in Unicode code points. */
export const MAX_NAME_CHARACTERS = 64;

/** The most members of a direct or group conversation. Channels have no limit. */
export const MAX_GROUP_MEMBERS = 500;

/** The most conversations in one page of the list of conversations. */
export const MAX_LISTED_CONVERSATIONS = 200;

/** The most bytes of messages in one reply to `messages:since`, in a page of history or in a page of search results. */
export const MAX_REPLY_BYTES = 1_048_576;

/** The most conversations in one `messages:since` or `delivered`. */
export const MAX_CURSORS = 200;

/** The most messages in one page of history. */
export const MAX_PAGE_MESSAGES = 200;

/** Kinds that a client may send with `message:send`. */
export const SENDABLE_KINDS = ['text', 'audio', 'video', 'image', 'file'] as const;

/** Kinds that change the message that `replyTo` names. Clients apply them instead of showing them. */
export const CHANGE_KINDS = ['edit', 'delete', 'reaction'] as const;

export const MESSAGE_KINDS = [...SENDABLE_KINDS, ...CHANGE_KINDS, 'system'] as const;

/**
 * Whether a message is a placeholder: a system message without text from `SYSTEM_ID`. It takes a position whose message was lost
 * together with Redis data, so that pages stay gap-free. Clients do not display, count or announce it.
 */
export const isPlaceholder = ({ kind, senderId }: { readonly kind: string; readonly senderId: string }): boolean =>
  kind === 'system' && senderId === SYSTEM_ID;
