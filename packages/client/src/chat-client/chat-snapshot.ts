import type { Conversation, ConversationId, Message, User, UserId } from '@parley/protocol';
import { CLOSED, type ConnectionState } from '../connection/connection-state.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { ParleyError } from '../parley-error.ts';

/** One conversation's messages, as far as they are known here. */
export interface ThreadSnapshot {
  /** Without a gap or a repeat, oldest first. */
  readonly messages: readonly Message[];
  /** seq of the first of them; of the one that would be, where there is none. */
  readonly firstSeq: number;
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
  /** Messages of others since this client saw the conversation last. */
  readonly unread: number;
}

/** All that a user interface shows. Replaced as a whole; the parts that did not change stay the same objects. */
export interface ChatSnapshot {
  /** `resuming`: it is not known yet whether the last login still holds. */
  readonly login: 'resuming' | 'signed-out' | 'signed-in';
  /** Why the user is signed out, where it was not by their own wish. */
  readonly notice: 'login-expired' | null;
  readonly me: User | null;
  readonly connection: ConnectionState;
  /** Whether this login was let in before: what happens to the connection from then on interrupts a chat. */
  readonly hasBeenOnline: boolean;
  /** The lobby first, then by the newest activity; null = not known yet. */
  readonly conversations: readonly Conversation[] | null;
  readonly threads: ReadonlyMap<ConversationId, ThreadSnapshot>;
  /** Everyone whose name is known. */
  readonly people: ReadonlyMap<UserId, User>;
  /** The conversation that is being looked at. */
  readonly openId: ConversationId | null;
}

export const SIGNED_OUT: ChatSnapshot = {
  login: 'signed-out',
  notice: null,
  me: null,
  connection: CLOSED,
  hasBeenOnline: false,
  conversations: null,
  threads: new Map(),
  people: new Map(),
  openId: null,
};

/** Where a message of this user is on its way. `accepted` = the server has it, `stored` = it is in the history too. */
export type DeliveryState = 'sending' | 'accepted' | 'stored' | 'failed';

/** The state of a message in `thread.messages`. */
export const deliveryStateOf = (thread: ThreadSnapshot, message: Message): DeliveryState =>
  message.seq <= thread.storedSeq ? 'stored' : 'accepted';
