import type {
  Conversation,
  ConversationId,
  HelloReply,
  Message,
  Receipt,
  ReceiptsPacket,
  TypingPacket,
  UserId,
} from '@parley/protocol';
import type { PacketHandlers } from '../connection/run-socket-session.ts';
import type { Connection } from '../connection.ts';
import { delayAfterMs, pause } from '../retry-delay.ts';
import { PositionReporter } from './position-reporter.ts';
import { type PresenceState, PresenceTracker } from './presence-tracker.ts';
import { ReceiptLoader } from './receipt-loader.ts';
import { isChange } from './timeline.ts';
import { TypingSender } from './typing-sender.ts';
import { TypingUsers } from './typing-users.ts';

export interface SignalsOptions {
  readonly myId: UserId;
  readonly request: Connection['request'];
  readonly fetchReceipts: (conversationId: ConversationId) => Promise<Receipt[]>;
  /** Receives the typing users of a conversation, without this user. */
  readonly onTyping: (packet: TypingPacket) => void;
  readonly onReceipts: (packet: ReceiptsPacket) => void;
  readonly onPresence: (change: PresenceState) => void;
  /** Returns the users who share a direct conversation or group with this user. */
  readonly contacts: () => ReadonlySet<UserId>;
}

/**
 * Signals in both directions: typing, presence, away, and read and delivered receipts. A signal is delivered at most once and
 * may be lost.
 */
export class Signals {
  readonly typing: TypingSender;
  readonly handlers: Pick<PacketHandlers, 'typing' | 'receipts' | 'presence'>;
  readonly #myId: UserId;
  readonly #request: Connection['request'];
  readonly #typingUsers: TypingUsers;
  readonly #presence: PresenceTracker;
  readonly #receipts: ReceiptLoader;
  readonly #read: PositionReporter;
  readonly #delivered: PositionReporter;
  #isAway = false;
  /** Aborted to end the attempts to send `away`. */
  #sendingAway = new AbortController();

  constructor(options: SignalsOptions) {
    const { myId, request, fetchReceipts, onTyping, onReceipts, onPresence, contacts } = options;
    this.#presence = new PresenceTracker({ contacts, onChange: onPresence });
    this.#myId = myId;
    this.#request = request;
    this.typing = new TypingSender((payload) => void request('typing', payload));
    this.#typingUsers = new TypingUsers(myId, onTyping);
    this.#receipts = new ReceiptLoader({ fetch: fetchReceipts, onReceipts });
    this.#read = new PositionReporter((reports) => Promise.all(reports.map((report) => request('read', report))));
    this.#delivered = new PositionReporter(async (reports) => {
      const reply = await request('delivered', { cursors: [...reports] });
      return reports.map(() => reply);
    });
    this.handlers = {
      typing: (packet) => this.#typingUsers.observe(packet),
      receipts: onReceipts,
      presence: (packet, isFirst) => this.#presence.observe(packet, isFirst),
    };
  }

  /** Reports new messages as delivered and removes their senders from the typing users. */
  arrived({ id, kind }: Conversation, messages: readonly Message[]): void {
    this.#typingUsers.observeSenders(
      id,
      messages.filter((message) => !isChange(message)).map(({ senderId }) => senderId),
    );
    const last = messages.findLast(({ senderId }) => senderId !== this.#myId);
    if (last && (kind === 'direct' || kind === 'group')) this.#delivered.report(id, last.seq);
  }

  read(conversationId: ConversationId, seq: number): void {
    this.#read.report(conversationId, seq);
  }

  opened(conversation: Conversation): void {
    this.#receipts.load(conversation);
  }

  setAway(isAway: boolean): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    void this.#sendAway();
  }

  /** Forgets the reported positions of a conversation: its seqs are no longer valid. */
  epochChanged(conversationId: ConversationId): void {
    this.#read.forget(conversationId);
    this.#delivered.forget(conversationId);
  }

  /** Forgets a conversation that this user has left. */
  forget(conversationId: ConversationId): void {
    this.epochChanged(conversationId);
    this.typing.forget(conversationId);
    this.#presence.forget(conversationId);
  }

  /** @param open the open conversation */
  connected(heads: HelloReply['heads'], open: Conversation | undefined): void {
    this.disconnected();
    for (const { conversationId, readSeq } of heads) this.#read.observeAcknowledged(conversationId, readSeq);
    this.#read.connected();
    this.#delivered.connected();
    if (open) this.#receipts.load(open);
    if (this.#isAway) void this.#sendAway();
  }

  disconnected(): void {
    this.#sendingAway.abort();
    this.typing.reset();
    this.#typingUsers.reset();
    this.#read.disconnected();
    this.#delivered.disconnected();
  }

  close(): void {
    this.#sendingAway.abort();
    this.#typingUsers.close();
    this.#receipts.close();
    this.#read.disconnected();
    this.#delivered.disconnected();
  }

  /** Retries until the server acks, the value changes, or the connection ends. A new session starts as not away. */
  async #sendAway(): Promise<void> {
    this.#sendingAway.abort();
    this.#sendingAway = new AbortController();
    const { signal } = this.#sendingAway;
    for (let failures = 1; !signal.aborted; failures += 1) {
      const reply = await this.#request('away', { isAway: this.#isAway });
      if (reply.ok || !reply.retryable) return;
      await pause(delayAfterMs(failures, reply), signal);
    }
  }
}
