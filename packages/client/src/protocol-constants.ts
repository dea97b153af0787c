import type { ChangeKind, ConversationId } from '@parley/protocol';

// The protocol's own constants, repeated because its module also loads the validator, which a browser has no use for.
// A test holds them in step.

/** The channel that every user is in from the start. */
export const LOBBY_ID = 'lobby' as ConversationId;

/** The longest message text, in Unicode code points. */
export const MAX_TEXT_CHARACTERS = 4_000;

/** The longest name of a person or conversation, in Unicode code points. */
export const MAX_NAME_CHARACTERS = 64;

/** How many conversations one `messages:since` may ask for. */
export const MAX_CURSORS = 200;

/** The largest page of history. */
export const MAX_PAGE_MESSAGES = 200;

/** Kinds that change another message, and are not shown as messages of their own. */
export const CHANGE_KINDS: readonly ChangeKind[] = ['edit', 'delete', 'reaction'];
