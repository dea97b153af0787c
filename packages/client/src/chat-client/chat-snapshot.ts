import type { Conversation, ConversationId, Message, Receipt, User, UserId } from '@parley/protocol';
import { CLOSED_STATE, type ConnectionState } from '../connection/connection-state.ts';
import type { SeqRange } from '../conversation-log.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { ParleyError } from '../parley-error.ts';

/** The users who reacted to a message with one emoji, in the order in which they did. */
export interface Reaction {
  readonly emoji: string;
  readonly userIds: readonly UserId[];
}

/** A message with all its edits, reactions and its deletion applied. Stays the same object while nothing about it changes. */
export interface TimelineEntry {
  /** The original message; never an edit, a deletion or a reaction. */
  readonly message: Message;
  /** The newest text; '' if the message is deleted or has no text. */
  readonly text: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  /** In the order of first use. */
  readonly reactions: readonly Reaction[];
}

/** The seqs up to which a user has read and received a conversation. */
export type ReceiptSeqs = Pick<Receipt, 'readSeq' | 'deliveredSeq'>;

/** The state of one conversation: its loaded messages, outgoing messages, receipts and typing users. Immutable. */
export interface ConversationView {
  /**
   * The loaded part of the log, oldest first, with one message for each seq. Includes edits, deletions, reactions and
   * placeholders (see `isPlaceholder`). The oldest are dropped when more than the bound are loaded; pages bring them back.
   */
  readonly messages: readonly Message[];
  /** seq of the first loaded message; if none is loaded, the seq that the next message will have. */
  readonly firstSeq: number;
  /**
   * The messages to display, oldest first: the loaded messages with edits, deletions and reactions applied, without
   * placeholders. A message that was sent again in a new epoch is displayed once.
   */
  readonly timeline: readonly TimelineEntry[];
  /**
   * Index of the first timeline entry. Decreases by the number of prepended entries and increases by the number of dropped
   * ones, so a virtual list keeps its position.
   */
  readonly firstTimelineIndex: number;
  /**
   * Ranges within `messages` that the cluster did not return. Their messages are placeholders. The client requests them again
   * at growing intervals.
   */
  readonly holes: readonly SeqRange[];
  /** The user's outgoing messages that are not in `messages` yet, in the order they were written. */
  readonly pending: readonly OutboxMessage[];
  /** Every message up to this seq is in the history store. */
  readonly storedSeq: number;
  /** Whether the newest page is loaded. */
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  /** Why the last attempt to load a page failed. */
  readonly loadError: ParleyError | null;
  /**
   * Number of messages by others after the user's read marker. Changes and system messages do not count. If more than 200
   * messages follow the marker, the number is computed from seqs and is an upper bound.
   */
  readonly unread: number;
  /** seq of the first message that was unread when the conversation was last opened. */
  readonly firstUnreadSeq: number | null;
  /** Receipts of the other members; only in direct conversations and groups, after they were opened. */
  readonly receipts: ReadonlyMap<UserId, ReceiptSeqs>;
  /** The other users who are typing. */
  readonly typing: readonly UserId[];
}

/** Whether a user is online. */
export interface UserPresence {
  readonly online: boolean;
  /** Online but not active. */
  readonly away: boolean;
  /** ISO 8601; null if the user is online or was never seen. */
  readonly lastSeenAt: string | null;
}

/** The whole state of the client. Replaced after each change; unchanged parts stay the same objects. */
export interface ChatSnapshot {
  /** `resuming`: the client is checking whether the last login is still valid. */
  readonly login: 'resuming' | 'signed-out' | 'signed-in';
  /** Why the login ended, unless the user logged out. */
  readonly signOutReason: 'login-expired' | null;
  readonly me: User | null;
  readonly connection: ConnectionState;
  /** Whether this login has been online before. If so, a lost connection interrupts a chat in progress. */
  readonly hasBeenOnline: boolean;
  /** The lobby first, then by newest activity; null until the list is loaded. */
  readonly conversations: readonly Conversation[] | null;
  readonly views: ReadonlyMap<ConversationId, ConversationView>;
  /** All users whose name is known. */
  readonly users: ReadonlyMap<UserId, User>;
  /** Presence of all users who share a direct conversation or group with this user. */
  readonly presence: ReadonlyMap<UserId, UserPresence>;
  /** Number of online users in each channel. */
  readonly onlineCounts: ReadonlyMap<ConversationId, number>;
  /**
   * When this session ends, because the user is inactive while others wait for a slot (ISO 8601); null = it does not. Any activity of the
   * user, or `stay`, keeps it.
   */
  readonly idleEndsAt: string | null;
  /** The server is draining; the connection is about to move to another server. */
  readonly isDraining: boolean;
  /** The open conversation. */
  readonly openConversationId: ConversationId | null;
}

export const SIGNED_OUT_SNAPSHOT: ChatSnapshot = {
  login: 'signed-out',
  signOutReason: null,
  me: null,
  connection: CLOSED_STATE,
  hasBeenOnline: false,
  conversations: null,
  views: new Map(),
  users: new Map(),
  presence: new Map(),
  onlineCounts: new Map(),
  idleEndsAt: null,
  isDraining: false,
  openConversationId: null,
};

/**
 * Delivery state of a message that this user sent. `accepted`: a server has appended it to the log. `stored`: it is in the
 * history store. `delivered`: every other member has received it. `read`: every other member has read it.
 */
export type DeliveryState = 'sending' | 'accepted' | 'stored' | 'delivered' | 'read' | 'failed';

/**
 * Returns the delivery state of a message in `view.messages`.
 *
 * @param otherIds the other members of a direct conversation or group; empty for a channel, which has no receipts
 */
export function deliveryStateOf(
  view: ConversationView,
  message: Message,
  otherIds: readonly UserId[],
): Exclude<DeliveryState, 'sending' | 'failed'> {
  const { seq } = message;
  const all = (has: (receipt: ReceiptSeqs) => boolean) =>
    otherIds.length > 0 &&
    otherIds.every((id) => {
      const receipt = view.receipts.get(id);
      return receipt !== undefined && has(receipt);
    });
  if (all(({ readSeq }) => readSeq >= seq)) return 'read';
  if (all(({ readSeq, deliveredSeq }) => Math.max(readSeq, deliveredSeq) >= seq)) return 'delivered';
  return seq <= view.storedSeq ? 'stored' : 'accepted';
}
