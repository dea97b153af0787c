// Apart from the rest because the schemas bring a validator along, which a browser and the store's threads have no use for:
// `@parley/protocol/constants`.
import type { ConversationId, UserId } from './ids.ts';

/** The channel that every user is in from the start. */
export const LOBBY_ID = 'lobby' as ConversationId;

/** The user who answers in assistant conversations. */
export const ASSISTANT_ID = 'assistant' as UserId;

/** The longest message text, in Unicode code points. */
export const MAX_TEXT_CHARACTERS = 4_000;

/** What a person may call themselves or a conversation, in Unicode code points. */
export const MAX_NAME_CHARACTERS = 64;

/** How many conversations one `messages:since` may ask for. */
export const MAX_CURSORS = 200;

/** The largest page of history. */
export const MAX_PAGE_MESSAGES = 200;

/** Kinds that a client may send with `message:send`. */
export const SENDABLE_KINDS = ['text', 'audio', 'video', 'image', 'file'] as const;

/** Kinds that change another message, which `replyTo` names; they are not shown as messages of their own. */
export const CHANGE_KINDS = ['edit', 'delete', 'reaction'] as const;

export const MESSAGE_KINDS = [...SENDABLE_KINDS, ...CHANGE_KINDS, 'system'] as const;
