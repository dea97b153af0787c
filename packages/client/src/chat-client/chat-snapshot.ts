import type { Conversation, ConversationId, Message, Receipt, User, UserId } from '@parley/protocol';
import { CLOSED_STATE, type ConnectionState } from '../connection/connection-state.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { ParleyError } from '../parley-error.ts';

/** Who reacted to a message with this emoji, in the order in which they did. */
export interface Reaction {
  readonly emoji: string;
  readonly userIds: readonly UserId[];
}

/** What a row shows: a message with all its changes folded in. The same object while nothing about it changes. */
export interface TimelineEntry {
  /** As it was accepted; never an edit, a deletion or a reaction. */
  readonly message: Message;
  /** The newest text; '' where it is deleted or has none. */
  readonly text: string;
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  /** In the order of first use. */
  readonly reactions: readonly Reaction[];
}

/** Up to which seq someone has read, and up to which everything has arrived on a device of theirs. */
export type ReceiptSeqs = Pick<Receipt, 'readSeq' | 'deliveredSeq'>;

/** One conversation's messages, as far as they are known here. */
export interface ConversationView {
  /** Without a gap or a repeat, oldest first. */
  readonly messages: readonly Message[];
  /** seq of the first of them; of the one that would be, where there is none. */
  readonly firstSeq: number;
  /** What the rows show, oldest first: the messages without the changes, which are folded into them. */
  readonly timeline: readonly TimelineEntry[];
  /** A number for the first row, which falls by as many as older pages put in front: a virtual list keeps its place. */
  readonly firstTimelineIndex: number;
  /** This user's messages that `messages` does not have yet, in the order of writing. */
  readonly pending: readonly OutboxMessage[];
  /** Everything up to here is certainly in the history store. */
  readonly storedSeq: number;
  /** Whether its newest page is here. */
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  /** Why the last page could not be loaded. */
  readonly loadError: ParleyError | null;
  /**
   * Messages of others after what this user has read, on any device; changes and system lines do not count. Where that is
   * far back, it is taken from the seqs, so that it is an upper bound.
   */
  readonly unread: number;
  /** seq of the first message that was unread when the conversation was opened; until it is opened anew. */
  readonly firstUnreadSeq: number | null;
  /** How far the others are; only in a direct conversation or group, once it was opened. */
  readonly receipts: ReadonlyMap<UserId, ReceiptSeqs>;
  /** Who is typing, without oneself. */
  readonly typing: readonly UserId[];
}

/** Whether someone is there. */
export interface UserPresence {
  readonly online: boolean;
  /** Online, but does not look. */
  readonly away: boolean;
  /** ISO 8601; null: online now, or never seen. */
  readonly lastSeenAt: string | null;
}

/** All that a user interface shows. Replaced as a whole; the parts that did not change stay the same objects. */
export interface ChatSnapshot {
  /** `resuming`: it is not known yet whether the last login still holds. */
  readonly login: 'resuming' | 'signed-out' | 'signed-in';
  /** Why the user is signed out, where it was not by their own wish. */
  readonly signOutReason: 'login-expired' | null;
  readonly me: User | null;
  readonly connection: ConnectionState;
  /** Whether this login was let in before: what happens to the connection from then on interrupts a chat. */
  readonly hasBeenOnline: boolean;
  /** The lobby first, then by the newest activity; null = not known yet. */
  readonly conversations: readonly Conversation[] | null;
  readonly views: ReadonlyMap<ConversationId, ConversationView>;
  /** Everyone whose name is known. */
  readonly users: ReadonlyMap<UserId, User>;
  /** Everyone with whom this user shares a direct conversation or group. */
  readonly presence: ReadonlyMap<UserId, UserPresence>;
  /** How many are online in each channel. */
  readonly onlineCounts: ReadonlyMap<ConversationId, number>;
  /** The server said that it stops; the connection is about to move to another one. */
  readonly isDraining: boolean;
  /** The conversation that is being looked at. */
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
  isDraining: false,
  openConversationId: null,
};

/**
 * Where a message of this user is on its way. `accepted` = the server has it, `stored` = it is in the history too,
 * `delivered` = on a device of everyone else, `read` = by everyone else.
 */
export type DeliveryState = 'sending' | 'accepted' | 'stored' | 'delivered' | 'read' | 'failed';

/**
 * The state of a message in `view.messages`.
 *
 * @param otherIds the other members of a direct conversation or group; none in a channel, where nobody knows who has it
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
